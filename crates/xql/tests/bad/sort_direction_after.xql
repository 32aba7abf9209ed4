dataset = a | comp count() as n by host | sort n desc, host asc
