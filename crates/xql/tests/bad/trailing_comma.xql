dataset = a | fields a, b, | comp count() as n, by host | filter x in (1, 2,)
