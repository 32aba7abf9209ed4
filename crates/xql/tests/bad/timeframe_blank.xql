config timeframe = 24 hours | dataset = a
