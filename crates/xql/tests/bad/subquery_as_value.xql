dataset = a | filter x = (dataset = b | fields x)
