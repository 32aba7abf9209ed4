dataset = a | fields - a, b_* | fields -c
