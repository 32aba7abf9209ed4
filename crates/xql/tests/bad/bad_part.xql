dataset = a | alter x = extract_time(_time, "HOURS"), y = timestamp_diff(a, b, "fortnight"), z = extract_time(_time, HOUR)
