WITH scans AS (
  SELECT *,
    CASE WHEN starts_with(source_ip, '10.') OR starts_with(source_ip, '192.168.')
      OR regexp_matches(source_ip, '^172\.(1[6-9]|2[0-9]|3[01])\.') THEN 'inside' ELSE 'outside' END AS source_side,
    CASE WHEN starts_with(dest_ip, '10.') OR starts_with(dest_ip, '192.168.')
      OR regexp_matches(dest_ip, '^172\.(1[6-9]|2[0-9]|3[01])\.') THEN 'inside' ELSE 'outside' END AS target_side
  FROM threats
  WHERE fold(log_type) = 'threat' AND fold(threat_name) IN (
    fold('SCAN: TCP Port Scan'), fold('SCAN: UDP Port Scan'), fold('SCAN: Host Sweep'), fold('SCAN: Nmap OS Detection'),
    fold('SCAN: Nmap Script Scan'), fold('SCAN: TCP SYN Scan'), fold('SCAN: TCP Connect Scan'),
    fold('Masscan Port Scanning Tool Detection'), fold('Port Scan'), fold('Network Scan'))
), told AS (
  SELECT *,
    source_side || ' to ' || target_side AS direction,
    CASE fold(severity) WHEN 'critical' THEN '1 critical' WHEN 'high' THEN '2 high' WHEN 'medium' THEN '3 medium'
      WHEN 'low' THEN '4 low' ELSE '5 other' END AS grade,
    CASE WHEN contains(fold(threat_name), fold('masscan')) THEN 'masscan' WHEN contains(fold(threat_name), fold('nmap')) THEN 'nmap'
      WHEN contains(fold(threat_name), fold('tcp')) THEN 'tcp' WHEN contains(fold(threat_name), fold('udp')) THEN 'udp' ELSE 'other' END AS tool,
    CASE WHEN fold(action) = 'drop' THEN 'dropped' WHEN fold(action) = 'deny' THEN 'denied' WHEN fold(action) = 'allow' THEN 'allowed'
      WHEN contains(fold(action), 'reset') THEN 'reset' ELSE action END AS verdict
  FROM scans WHERE source_side = 'inside' OR target_side = 'inside'
), grouped AS (
  SELECT source_ip, count(*) AS detections, count(DISTINCT dest_ip) AS targets, count(DISTINCT dest_port) AS ports,
    count(DISTINCT threat_name) AS signatures, count(DISTINCT session_id) AS sessions,
    min(_time) AS first_seen, max(_time) AS last_seen,
    sum(CASE WHEN fold(action) IN ('allow', 'alert') THEN 1 ELSE 0 END) AS allowed,
    sum(CASE WHEN fold(action) IN ('drop', 'deny') THEN 1 ELSE 0 END) AS blocked,
    sum(CASE WHEN contains(fold(action), 'reset') THEN 1 ELSE 0 END) AS reset,
    sum(CASE WHEN fold(severity) = 'critical' THEN 1 ELSE 0 END) AS critical,
    sum(CASE WHEN fold(severity) = 'high' THEN 1 ELSE 0 END) AS high,
    sum(CASE WHEN fold(severity) = 'medium' THEN 1 ELSE 0 END) AS medium,
    sum(CASE WHEN fold(severity) = 'low' THEN 1 ELSE 0 END) AS low,
    sum(CASE WHEN dest_port BETWEEN 1 AND 1024 THEN 1 ELSE 0 END) AS system_ports,
    sum(CASE WHEN dest_port IN (22, 23, 135, 445, 1433, 3389, 5432) THEN 1 ELSE 0 END) AS admin_ports,
    sum(CASE WHEN dest_port IN (80, 443, 8080, 8443) THEN 1 ELSE 0 END) AS web_ports,
    sum(CASE WHEN dest_port IN (1433, 1521, 3306, 5432, 27017) THEN 1 ELSE 0 END) AS database_ports,
    count(DISTINCT strftime(_time, '%Y-%m-%d')) AS days, count(DISTINCT hour(_time)) AS hours,
    count(DISTINCT source_location) AS source_countries, count(DISTINCT dest_location) AS target_countries,
    list(DISTINCT direction) AS directions, list(DISTINCT grade) AS grades, list(DISTINCT tool) AS tools,
    list(DISTINCT verdict) AS verdicts, list(DISTINCT threat_name) AS names, list(DISTINCT dest_ip) AS hosts,
    list(DISTINCT dest_port) AS port_list, list(DISTINCT from_zone) AS source_zones, list(DISTINCT to_zone) AS target_zones,
    list(DISTINCT rule_matched) AS rules, list(DISTINCT source_location) AS source_places,
    list(DISTINCT dest_location) AS target_places, min(dest_port) AS lowest, max(dest_port) AS highest
  FROM told GROUP BY source_ip
), graded AS (
  SELECT *, round((epoch(last_seen) - epoch(first_seen)) / 60) AS minutes, highest - lowest AS span,
    CASE WHEN allowed > 50 AND admin_ports > 20 THEN 100 WHEN critical > 0 AND targets > 10 THEN 95 WHEN detections > 500 THEN 90
      WHEN targets > 20 AND ports > 50 THEN 85 WHEN detections > 100 AND ports > 20 THEN 65 ELSE 45 END AS risk,
    detections || ' detections, ' || targets || ' targets, ' || ports || ' ports' AS summary,
    strftime(first_seen, '%Y-%m-%d %H:%M:%S') || ' to ' || strftime(last_seen, '%Y-%m-%d %H:%M:%S') AS frame
  FROM grouped
)
SELECT *, CASE WHEN minutes > 0 THEN round(detections / minutes) ELSE detections END AS a_minute
FROM graded ORDER BY risk DESC, allowed DESC, detections DESC
