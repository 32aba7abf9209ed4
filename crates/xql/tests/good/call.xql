call "Scans of the day" host = "a" days = 7 | limit 5
