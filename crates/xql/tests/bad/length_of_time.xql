dataset = x | filter _time > -7d and b = 1
