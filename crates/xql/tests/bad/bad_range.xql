dataset = a | filter incidr(ip, "10.0.0.0/33") or ip incidr "10.0.0/8, 192.168.0.0/16"
