dataset = a | comp count(*) as n, count(distinct user) as users | alter x = lowercase(*)
