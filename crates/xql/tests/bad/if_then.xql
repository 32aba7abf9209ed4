dataset = x | alter a = if b = 1 then "x" else "y", c = 2 + 1
