dataset = a | replacenull x "none" | replacenull x with "none"
