WITH scans AS (
  SELECT *,
    CASE WHEN startsWith(source_ip, '10.') OR startsWith(source_ip, '192.168.')
      OR match(source_ip, '^172\\.(1[6-9]|2[0-9]|3[01])\\.') THEN 'inside' ELSE 'outside' END AS source_side,
    CASE WHEN startsWith(dest_ip, '10.') OR startsWith(dest_ip, '192.168.')
      OR match(dest_ip, '^172\\.(1[6-9]|2[0-9]|3[01])\\.') THEN 'inside' ELSE 'outside' END AS target_side
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
    CASE WHEN position(fold(threat_name), 'masscan') > 0 THEN 'masscan' WHEN position(fold(threat_name), 'nmap') > 0 THEN 'nmap'
      WHEN position(fold(threat_name), 'tcp') > 0 THEN 'tcp' WHEN position(fold(threat_name), 'udp') > 0 THEN 'udp' ELSE 'other' END AS tool,
    CASE WHEN fold(action) = 'drop' THEN 'dropped' WHEN fold(action) = 'deny' THEN 'denied' WHEN fold(action) = 'allow' THEN 'allowed'
      WHEN position(fold(action), 'reset') > 0 THEN 'reset' ELSE action END AS verdict
  FROM scans WHERE source_side = 'inside' OR target_side = 'inside'
), grouped AS (
  SELECT source_ip, count(*) AS detections, uniqExact(dest_ip) AS targets, uniqExact(dest_port) AS ports,
    uniqExact(threat_name) AS signatures, uniqExact(session_id) AS sessions,
    min(_time) AS first_seen, max(_time) AS last_seen,
    sum(CASE WHEN fold(action) IN ('allow', 'alert') THEN 1 ELSE 0 END) AS allowed,
    sum(CASE WHEN fold(action) IN ('drop', 'deny') THEN 1 ELSE 0 END) AS blocked,
    sum(CASE WHEN position(fold(action), 'reset') > 0 THEN 1 ELSE 0 END) AS reset,
    sum(CASE WHEN fold(severity) = 'critical' THEN 1 ELSE 0 END) AS critical,
    sum(CASE WHEN fold(severity) = 'high' THEN 1 ELSE 0 END) AS high,
    sum(CASE WHEN fold(severity) = 'medium' THEN 1 ELSE 0 END) AS medium,
    sum(CASE WHEN fold(severity) = 'low' THEN 1 ELSE 0 END) AS low,
    sum(CASE WHEN dest_port BETWEEN 1 AND 1024 THEN 1 ELSE 0 END) AS system_ports,
    sum(CASE WHEN dest_port IN (22, 23, 135, 445, 1433, 3389, 5432) THEN 1 ELSE 0 END) AS admin_ports,
    sum(CASE WHEN dest_port IN (80, 443, 8080, 8443) THEN 1 ELSE 0 END) AS web_ports,
    sum(CASE WHEN dest_port IN (1433, 1521, 3306, 5432, 27017) THEN 1 ELSE 0 END) AS database_ports,
    uniqExact(toDate(_time)) AS days, uniqExact(toHour(_time)) AS hours,
    uniqExact(source_location) AS source_countries, uniqExact(dest_location) AS target_countries,
    groupUniqArray(direction) AS directions, groupUniqArray(grade) AS grades, groupUniqArray(tool) AS tools,
    groupUniqArray(verdict) AS verdicts, groupUniqArray(threat_name) AS names, groupUniqArray(dest_ip) AS hosts,
    groupUniqArray(dest_port) AS port_list, groupUniqArray(from_zone) AS source_zones, groupUniqArray(to_zone) AS target_zones,
    groupUniqArray(rule_matched) AS rules, groupUniqArray(source_location) AS source_places,
    groupUniqArray(dest_location) AS target_places, min(dest_port) AS lowest, max(dest_port) AS highest
  FROM told GROUP BY source_ip
), graded AS (
  SELECT *, round((toUnixTimestamp(last_seen) - toUnixTimestamp(first_seen)) / 60) AS minutes, highest - lowest AS span,
    CASE WHEN allowed > 50 AND admin_ports > 20 THEN 100 WHEN critical > 0 AND targets > 10 THEN 95 WHEN detections > 500 THEN 90
      WHEN targets > 20 AND ports > 50 THEN 85 WHEN detections > 100 AND ports > 20 THEN 65 ELSE 45 END AS risk,
    concat(toString(detections), ' detections, ', toString(targets), ' targets, ', toString(ports), ' ports') AS summary,
    formatDateTime(first_seen, '%F %T') || ' to ' || formatDateTime(last_seen, '%F %T') AS frame
  FROM grouped
)
SELECT *, CASE WHEN minutes > 0 THEN round(detections / minutes) ELSE detections END AS a_minute
FROM graded ORDER BY risk DESC, allowed DESC, detections DESC
