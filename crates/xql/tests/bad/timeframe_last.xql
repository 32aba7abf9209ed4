config timeframe = last 7 days | dataset = x
