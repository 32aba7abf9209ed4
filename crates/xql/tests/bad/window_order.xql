dataset = a | windowcomp sum(n) as s by user
