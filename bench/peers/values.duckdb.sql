SELECT sum(len(hosts)) AS hosts, sum(len(ports)) AS ports FROM (
  SELECT list(DISTINCT dest_ip) AS hosts, list(DISTINCT dest_port) AS ports FROM threats GROUP BY source_ip)
