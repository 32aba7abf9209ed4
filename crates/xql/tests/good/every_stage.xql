datamodel dataset in (a, b*)
| join type = left conflict_strategy = both (preset = network_story | fields k) as x x.k = k and x.n > n or x.s contains s
| join (dataset = c) as y y.k = k
| union d | union (cold_dataset = e)
| arrayexpand list limit 5
| bin _time span = 1d timeshift = 1615353499 timezone = "+08:00"
| bin n bins = 50
| windowcomp sum(n) by u, h sort asc t, desc n between -2 and 0 as s, rank() sort desc n as r, lag(n) sort t, avg(n) sort asc n between null and 1 frame_type = range as q
| replacenull a = "none", b = 0
| iploc ip loc_country as c, loc_city suffix = _s
| iploc ip
| getrole host as roles
| tag add "x", "y"
| transaction user, host span = 1h maxevents = 5
| transaction user startswith = (a = "b") endswith = "logout" allowunclosed = false
| comp sum(*) as *, count() as n by asc k, j addrawdata = true as raw
| top 5 user by host top_count as n, top_percent as p
| fields fieldset.xdm_network, *ip
| limit $n
| view graph type = column subtype = grouped show_callouts = `true` header = "a b" xaxis = a yaxis = b, c seriescolor("b", "#fff") maxscalerange = 12
| view highlight fields = a, b values = "x", "y"
| view column order = populated
| target type = lookup append = true mine
