search "mimikatz" in xdr_data | limit 5
