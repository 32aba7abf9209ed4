dataset = a | getrole | limit 1
