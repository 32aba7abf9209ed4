config timeframe between "-7d" and "now" | dataset = a
