dataset = xdr_data | fields `Event Count, user | limit 1
