dataset = a | sort by desc n
