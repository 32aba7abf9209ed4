dataset = a | top 5 | top 5 user show_perc | top user by host count as n
