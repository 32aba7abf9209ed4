dataset = a | alter x = if(a = 1 "one", "other"), y = concat(a "b")
