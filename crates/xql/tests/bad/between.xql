dataset = a | filter port between 1 and 1024 and host = "x"
