dataset = a | filter x in (dataset = b | filte y = 1 | ) and z = (dataset = c | fields q)
| alter v = f -> a[x], u = f -> {a}, t = f -> [] b, s = f -> list[].c
| filter ip in (dataset = d | limit 1
