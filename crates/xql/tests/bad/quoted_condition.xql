dataset = x | alter a = arrayindexof(codes, "403"), b = arrayfilter(codes, "@element > 5")
