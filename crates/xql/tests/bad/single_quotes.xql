dataset = xdr_data | filter actor = 'root' and cmd = 'say "hi"'
