dataset = a | filter a = 1) | filter b in (1, 2)) and c = 2
