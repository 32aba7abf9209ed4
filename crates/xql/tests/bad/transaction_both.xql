dataset = a | transaction user span = 1h startswith = "x"
