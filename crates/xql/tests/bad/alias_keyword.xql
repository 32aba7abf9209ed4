dataset = a | comp count() as filter | alter view = 1
