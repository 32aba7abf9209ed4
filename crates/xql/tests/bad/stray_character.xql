dataset = xdr_data | filter a = @element
