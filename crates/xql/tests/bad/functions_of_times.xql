dataset = x | filter _time > timestamp_sub(current_time(), "7d") and a = arraylast(b) and c = ip_in_int(d)
