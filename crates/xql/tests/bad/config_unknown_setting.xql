config case_sensitiv = false | dataset = a
