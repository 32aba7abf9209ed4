dataset = a
| filter b = 1 // c
| limit 1
