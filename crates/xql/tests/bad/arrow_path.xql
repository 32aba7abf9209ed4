dataset = a | alter v = f -> a[x], u = f -> {a}
