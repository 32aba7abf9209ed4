dataset = a | filter 1 < port < 1024
