// Internal port scans over firewall threat logs: one row a source, the riskiest first.
// The load is that of a real hunting query: 36 aggregates, 14 of them sets of distinct values.
dataset = panw_ngfw_threat_raw
| filter log_type = "threat" and threat_name in (
    "SCAN: TCP Port Scan", "SCAN: UDP Port Scan", "SCAN: Host Sweep", "SCAN: Nmap OS Detection",
    "SCAN: Nmap Script Scan", "SCAN: TCP SYN Scan", "SCAN: TCP Connect Scan", "Masscan Port Scanning Tool Detection",
    "Port Scan", "Network Scan")
| alter
    source_side = if(incidr(source_ip, "10.0.0.0/8") or incidr(source_ip, "172.16.0.0/12") or incidr(source_ip, "192.168.0.0/16"), "inside", "outside"),
    target_side = if(incidr(dest_ip, "10.0.0.0/8") or incidr(dest_ip, "172.16.0.0/12") or incidr(dest_ip, "192.168.0.0/16"), "inside", "outside")
| filter source_side = "inside" or target_side = "inside"
| alter
    direction = concat(source_side, " to ", target_side),
    grade = if(severity = "critical", "1 critical", severity = "high", "2 high", severity = "medium", "3 medium", severity = "low", "4 low", "5 other"),
    tool = if(threat_name contains "masscan", "masscan", threat_name contains "nmap", "nmap", threat_name contains "tcp", "tcp", threat_name contains "udp", "udp", "other"),
    verdict = if(action = "drop", "dropped", action = "deny", "denied", action = "allow", "allowed", action contains "reset", "reset", action)
| comp
    count() as detections,
    count_distinct(dest_ip) as targets,
    count_distinct(dest_port) as ports,
    count_distinct(threat_name) as signatures,
    count_distinct(session_id) as sessions,
    earliest(_time) as first_seen,
    latest(_time) as last_seen,
    sum(if(action in ("allow", "alert"), 1, 0)) as allowed,
    sum(if(action in ("drop", "deny"), 1, 0)) as blocked,
    sum(if(action contains "reset", 1, 0)) as reset,
    sum(if(severity = "critical", 1, 0)) as critical,
    sum(if(severity = "high", 1, 0)) as high,
    sum(if(severity = "medium", 1, 0)) as medium,
    sum(if(severity = "low", 1, 0)) as low,
    sum(if(dest_port >= 1 and dest_port <= 1024, 1, 0)) as system_ports,
    sum(if(dest_port in (22, 23, 135, 445, 1433, 3389, 5432), 1, 0)) as admin_ports,
    sum(if(dest_port in (80, 443, 8080, 8443), 1, 0)) as web_ports,
    sum(if(dest_port in (1433, 1521, 3306, 5432, 27017), 1, 0)) as database_ports,
    count_distinct(format_timestamp("%Y-%m-%d", _time)) as days,
    count_distinct(extract_time(_time, "HOUR")) as hours,
    count_distinct(source_location) as source_countries,
    count_distinct(dest_location) as target_countries,
    values(direction) as directions,
    values(grade) as grades,
    values(tool) as tools,
    values(verdict) as verdicts,
    values(threat_name) as names,
    values(dest_ip) as hosts,
    values(dest_port) as port_list,
    values(from_zone) as source_zones,
    values(to_zone) as target_zones,
    values(rule_matched) as rules,
    values(source_location) as source_places,
    values(dest_location) as target_places,
    min(dest_port) as lowest,
    max(dest_port) as highest
  by source_ip
| alter minutes = round(divide(subtract(to_epoch(last_seen), to_epoch(first_seen)), 60)), span = subtract(highest, lowest)
| alter a_minute = if(minutes > 0, round(divide(detections, minutes)), detections)
| alter risk = if(allowed > 50 and admin_ports > 20, 100, critical > 0 and targets > 10, 95, detections > 500, 90, targets > 20 and ports > 50, 85, detections > 100 and ports > 20, 65, 45)
| alter summary = concat(to_string(detections), " detections, ", to_string(targets), " targets, ", to_string(ports), " ports"),
    frame = concat(format_timestamp("%Y-%m-%d %H:%M:%S", first_seen), " to ", format_timestamp("%Y-%m-%d %H:%M:%S", last_seen))
| sort desc risk, desc allowed, desc detections
