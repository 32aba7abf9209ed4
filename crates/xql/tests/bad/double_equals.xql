dataset = a | filter user == "root" and port <> 22 and cmd =~ "x"
