dataset = a | comp cnt() as n, dc(user) as users, values_of(x) as v
