dataset = x | fields a b as c
