dataset = xdr_data | filter a = 1 where b = 2
