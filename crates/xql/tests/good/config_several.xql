config case_sensitive = FALSE timeframe = 7D max_runtime_minutes = 5
| dataset in (a, b*, "C_raw") | limit 1
