// Our own query of the shape of the headline: classify, aggregate, score, describe.
dataset = panw_ngfw_threat_raw
| filter log_type = "threat" and threat_name in ("Port Scan", "SCAN: *")
| alter /* inside or outside */ from_inside = if(
    incidr(source_ip, "10.0.0.0/8, 172.16.0.0/12") or incidr6(source_ip, "fd00::/8"), "INTERNAL",
    "EXTERNAL"
  ), act = if(action = "drop", "🚫 DROPPED", action contains "reset", "🔄 RESET", action)
| comp count() as n, // probes
    count_distinct(dest_ip) as targets, sum(if(dest_port >= 1 and dest_port <= 1024, 1, 0)) as system_ports,
    earliest(_time) as first_seen, latest(_time) as last_seen,
    count_distinct(format_timestamp("%Y-%m-%d", _time)) as days,
    count_distinct(extract_time(_time, "HOUR")) as hours,
    values(from_inside) as origins, min(dest_port) as lowest, max(dest_port) as highest
    by source_ip
| alter minutes = round(divide(subtract(to_epoch(last_seen), to_epoch(first_seen)), 60))
| alter score = if(n > 500 and targets > 20, 100, n > 50, 55, 45)
| alter summary = concat(to_string(n), " probes | ", to_string(targets), " targets"),
    span = subtract(highest, lowest), diversity = add(targets, n)
| fields source_ip, summary, score, minutes, days, hours, n
| sort desc score, desc n
