dataset = a | comp count() as "Event Count"
