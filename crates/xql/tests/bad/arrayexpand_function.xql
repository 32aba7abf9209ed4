dataset = a | arrayexpand split(x, ",")
