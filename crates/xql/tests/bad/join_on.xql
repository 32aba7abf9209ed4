dataset = a | join (dataset = b) as x on x.k = k
