dataset = xdr_data | fliter a = 1 | limt 10 | frobnicate x
