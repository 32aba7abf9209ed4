dataset = a | alter n = row_number()
