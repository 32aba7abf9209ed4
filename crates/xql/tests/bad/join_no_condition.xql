dataset = a | join type = left (dataset = b) as x
