dataset = a | fields "user", "full name" as name
