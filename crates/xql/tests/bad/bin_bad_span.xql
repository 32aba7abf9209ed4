dataset = a | bin _time span = 1x | bin _time span = 0h | bin n bins = 0
