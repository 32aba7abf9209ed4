dataset = x | filter a in (select b from c) and d not null
