dataset = {DATASET} | filter host = <hostname> | limit 1
