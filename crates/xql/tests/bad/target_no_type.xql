dataset = a | target mine
