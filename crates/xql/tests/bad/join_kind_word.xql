dataset = a | join left (dataset = b) as x x.k = k
