dataset = a | filter user = ("root", "admin")
