dataset = xdr_data
| filter a = 1 /* only the first
| limit 10
