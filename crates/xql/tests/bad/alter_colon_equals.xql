dataset = a | alter u := 1, v == 2, w
