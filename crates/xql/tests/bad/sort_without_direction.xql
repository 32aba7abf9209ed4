dataset = a | sort desc a, b
