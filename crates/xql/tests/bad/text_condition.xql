dataset = x | filter a contains "b" or "c" or not "d"
