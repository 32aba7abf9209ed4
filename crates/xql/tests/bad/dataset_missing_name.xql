dataset = | limit 1
