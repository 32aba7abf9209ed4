config timeframe = between "begin" and "-1mo" max_runtime_minutes = 5 | cold_dataset = "a_raw" | filter x in (dataset = $d | fields x)
