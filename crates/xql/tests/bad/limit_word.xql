dataset = a | limit ten | limit = 5 | limit -1
