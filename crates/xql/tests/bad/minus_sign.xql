dataset = a | alter x = -y, z = +1, ok = -1
