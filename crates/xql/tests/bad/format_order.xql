dataset = a | alter day = format_timestamp(_time, "%Y-%m-%d")
