dataset = x | alter d = format_timestamp(_time, "YYYY-MM-DD HH:mm")
