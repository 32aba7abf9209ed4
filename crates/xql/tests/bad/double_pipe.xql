dataset = xdr_data || filter a = 1
