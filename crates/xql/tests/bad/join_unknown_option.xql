dataset = a | join typ = left (dataset = b) as x x.k = k
