dataset = xdr_data | rename a as b | drop c | project d, e = f
