dataset = xdr_data | alter a = replace(b, "\\"", "")
