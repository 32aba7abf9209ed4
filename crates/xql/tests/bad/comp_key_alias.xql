dataset = a | comp count() as n by user as u
