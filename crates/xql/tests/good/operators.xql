dataset = a
| filter a != 1 and b < 2 and c <= 3 and d > 4 and e >= 5 and f = null and g != null
| filter a in ("x*", null, """""", -1, 1.5) and b not in (true, lowercase("X"))
| filter a contains "x" and b not contains "y" and c ~= "^\d+" and d !~= "(?i)x"
| filter ip incidr "10.0.0.0/8, 192.168.0.0/16" and ip not incidr range and ip6 incidr6 "fe80::/10" and ip6 not incidr6 "::/0"
| filter is_alive and is_ipv4(ip) and not is_ipv6(ip)
