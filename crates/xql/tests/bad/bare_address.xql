dataset = a | filter ip = 10.0.0.1 and incidr(ip, 10.0.0.0/8)
