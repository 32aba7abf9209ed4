dataset = a | comp count() as, sum(b) as by host
