dataset = a | filter user in "root", "admin" | filter port in [1, 2] | filter x in ()
