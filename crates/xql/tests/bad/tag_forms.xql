dataset = a | tag "x" | tag remove "y" | tag add x
