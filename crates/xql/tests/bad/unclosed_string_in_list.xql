dataset = xdr_data | filter name in ("a", "b, "c") | limit 5
