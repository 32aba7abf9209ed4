dataset = a | comp count() as n by lowercase(user), bin(_time, 5m)
