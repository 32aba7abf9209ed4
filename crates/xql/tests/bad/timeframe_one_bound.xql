config timeframe between "7d" | dataset = a
