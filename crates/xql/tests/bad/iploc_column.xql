dataset = a | iploc ip loc_contry, city
