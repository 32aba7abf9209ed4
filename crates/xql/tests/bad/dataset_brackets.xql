dataset = (a, b) | limit 1
