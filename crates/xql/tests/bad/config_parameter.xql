config timeframe = $t | dataset = a
