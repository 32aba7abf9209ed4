dataset = a | alter b = c -> list[].x, d = c -> [x], e = c -> [, f = c -> [0 | filter g -> {x} = 1
