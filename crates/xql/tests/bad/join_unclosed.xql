dataset = a | join (dataset = b | fields k as x x.k = k | limit 5
