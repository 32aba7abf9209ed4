dataset = a | top user limit 5 | comp percentile(b, 95) as p, stddev(c) as s
