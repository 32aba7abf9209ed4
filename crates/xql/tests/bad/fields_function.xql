dataset = a | fields lowercase(user), host
