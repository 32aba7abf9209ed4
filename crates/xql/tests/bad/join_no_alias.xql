dataset = a | join (dataset = b) x.k = k
