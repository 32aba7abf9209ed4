dataset = a | filter a = 1 && b = 2 || c = 3 and !d
