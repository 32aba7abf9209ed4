dataset = a | comp count() as n, sum(x) as s by user as u, host
