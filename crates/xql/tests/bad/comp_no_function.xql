dataset = a | comp by host | comp host
