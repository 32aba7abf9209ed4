dataset = a | search "x"
