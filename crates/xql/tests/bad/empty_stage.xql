dataset = xdr_data | | limit 10
