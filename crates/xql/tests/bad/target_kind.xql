dataset = x | target lookup = "name"
