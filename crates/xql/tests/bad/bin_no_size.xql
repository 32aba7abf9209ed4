dataset = a | bin _time | comp count() by _time
