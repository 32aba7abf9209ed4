dataset = x | comp count_distinct(case when a = "C" then b end) as c by d | limit "5"
