dataset = a | filter user = | filter and b = 1 | filter c = 1 or
