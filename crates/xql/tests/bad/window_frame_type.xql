dataset = a | windowcomp sum(n) sort asc n between -1 and 1 frame_type = groups as s
