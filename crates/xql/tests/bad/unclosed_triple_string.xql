dataset = xdr_data
| filter cmd contains """-enc
| limit 10
