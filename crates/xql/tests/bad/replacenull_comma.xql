dataset = x | replacenull a, "x"
