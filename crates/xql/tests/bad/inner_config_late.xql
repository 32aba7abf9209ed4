dataset = a | union (dataset = b | config timeframe = 1d)
