dataset = xdr_data | filter path = "C:\Users\" and name = "x"
