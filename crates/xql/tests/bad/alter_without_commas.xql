dataset = x | alter a = 1 b = 2
