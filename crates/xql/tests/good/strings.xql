dataset = a | filter a = "say \"hi\" \n" and b = """tab\there \\ \d "quoted" """ and c = "" and d = """""" and e = "two
lines" and f ~= "https?://x|y" and g = "🚨 → ü"
