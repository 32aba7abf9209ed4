dataset = xdr_data | fields ``, user
