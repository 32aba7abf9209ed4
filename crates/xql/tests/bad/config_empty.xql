config | dataset = a
