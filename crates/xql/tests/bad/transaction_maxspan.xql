dataset = a | transaction user maxspan = 1h maxevents = 0
