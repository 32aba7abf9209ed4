dataset = a | fields a, - b
