dataset = a | bin n bins = 10 timezone = "+01:00"
