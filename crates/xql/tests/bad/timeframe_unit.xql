config timeframe = 24x | dataset = a
