dataset = x | alter x = arraycreate[1,2], y = a.b[0].c, z = {"a": 1}
