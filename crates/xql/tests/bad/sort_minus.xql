dataset = a | sort -n
