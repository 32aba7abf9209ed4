dataset = a | filter port gte 1 and port lt 1024
