dataset = a | dedup host by _time
