dataset = a | filter user = *admin*
