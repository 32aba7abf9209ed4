dataset = a | fields user = actor, host
