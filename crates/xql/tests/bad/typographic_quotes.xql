dataset = xdr_data | filter actor = “root”
