dataset = a | comp n = count() by host
