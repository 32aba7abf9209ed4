dataset = a | filter tag = "@element" and x = arraymap(list, lowercase("@element")) | comp sum(*) as *
