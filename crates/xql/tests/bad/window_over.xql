config timeframe = 1d
dataset = a | windowcomp count() as n over(partition host)
