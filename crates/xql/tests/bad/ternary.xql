dataset = x | alter a = b ? c : d
