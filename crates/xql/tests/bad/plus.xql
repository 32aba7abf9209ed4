dataset = a | alter total = bytes_in + bytes_out, name = title + " - " + id, x = f(a) * 2 % 3, y = a / b
