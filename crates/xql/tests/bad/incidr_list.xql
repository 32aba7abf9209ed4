dataset = x | filter ip incidr("10.0.0.0/8", "172.16.0.0/12") or b contains ("c", "d")
