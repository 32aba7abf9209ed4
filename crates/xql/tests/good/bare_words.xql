dataset = a | filter action_type = NETWORK and IsIpv4
