dataset = a | dedup host, user | dedup host by desc _time, asc user
