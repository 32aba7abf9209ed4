dataset = xdr_data
| filtr a = 1
| alter x = lower(user)
| comp cout() as n by host
| sort n desc
| limit many
