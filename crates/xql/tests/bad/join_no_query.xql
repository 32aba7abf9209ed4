dataset = a | join dataset = b as x x.k = k
