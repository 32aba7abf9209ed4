dataset = a​ | limit 5
