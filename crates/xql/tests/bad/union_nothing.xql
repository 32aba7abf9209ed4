dataset = a | union | limit 5
