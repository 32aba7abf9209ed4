dataset = x | bin _time 5m | bin n span 5m
