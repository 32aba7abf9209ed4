dataset = a | comp count(), count(x), sum(if(a = 1, 1, 0)) as ones
