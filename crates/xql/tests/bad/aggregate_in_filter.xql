dataset = a | filter count() > 10 | alter x = max(y)
