dataset = a | union dataset = b
