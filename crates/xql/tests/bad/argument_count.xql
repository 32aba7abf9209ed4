dataset = a | alter x = incidr(ip), y = current_time(1), z = if(a), w = to_epoch(a, b, c), v = coalesce()
