dataset = a | filter user is not null and host is null
