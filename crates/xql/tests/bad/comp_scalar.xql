dataset = a | comp divide(sum(a), count()) as r by host
