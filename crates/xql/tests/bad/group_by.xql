dataset = xdr_data | comp count() as n group by host
