config timeframe between "yesterday" and "now" | dataset = a
