dataset = a | join type = full conflict_strategy = mine (dataset = b) as x x.k = k
