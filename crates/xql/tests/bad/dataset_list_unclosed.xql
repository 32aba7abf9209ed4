dataset in (a, b | limit 1
