dataset = a | join (dataset = b | target type = dataset c) as x x.k = k
