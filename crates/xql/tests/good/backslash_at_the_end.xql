dataset = a | filter path = "\test\"
