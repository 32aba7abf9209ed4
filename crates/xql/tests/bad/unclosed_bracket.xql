dataset = a
| filter (a = 1 and (b = 2 or c = 3)
| alter x = lowercase(concat(a, b)
| limit 1
