dataset = a | windowcomp by user
