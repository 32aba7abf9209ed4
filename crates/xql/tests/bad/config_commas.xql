config case_sensitive = false, timeframe = 1d | dataset = a
