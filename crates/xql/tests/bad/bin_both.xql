dataset = a | bin x span = 1h bins = 10
