dataset = a | alter u = lowercase(user) as v
