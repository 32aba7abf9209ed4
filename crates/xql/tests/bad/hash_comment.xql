dataset = xdr_data # all hosts
| limit 10
