dataset = a | windowcomp values(n) by user as s, frist_value(x) as f
