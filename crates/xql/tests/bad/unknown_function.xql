dataset = a | alter x = lowercas(user), y = frobnicate(user), z = lower(user)
