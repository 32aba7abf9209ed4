dataset = a | view column order = random | view highlight fields = a
