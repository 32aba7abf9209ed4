config case_sensitive = true | config timeframe = 30M | dataset = a | limit 1
