dataset = a | filter x = 1 | dataset = b | config case_sensitive = true
