dataset = a | comp count as n, sum bytes by host
