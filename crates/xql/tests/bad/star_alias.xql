dataset = a | comp sum(*) by k | comp count(*) as *
