dataset = a | target type = table append = yes mine
