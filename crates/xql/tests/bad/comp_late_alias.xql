dataset = a | comp count() by user as n
