dataset = a | windowcomp rank() as r partition by b order by c desc, lead(d) by e sort asc f as g
