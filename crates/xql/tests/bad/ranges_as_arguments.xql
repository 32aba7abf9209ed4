dataset = a | filter incidr(b, "10.0.0.0/8", "192.168.0.0/16")
