call 5 | limit 5
