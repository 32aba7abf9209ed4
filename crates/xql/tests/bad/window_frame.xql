dataset = a | windowcomp sum(n) sort asc t between now and 0 as s | windowcomp sum(n) sort asc t between 1 as s
