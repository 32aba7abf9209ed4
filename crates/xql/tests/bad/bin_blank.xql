dataset = a | bin _time span = 5 minutes
