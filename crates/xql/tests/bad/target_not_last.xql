dataset = a | target type = dataset mine | limit 5
