dataset xdr_data | limit 1
