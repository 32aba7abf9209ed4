dataset = a | alter lowercase(user) as u
