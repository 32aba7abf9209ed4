dataset = a | alter x = arraymap(list, lowercase("@element")) | comp sum(*) as *
