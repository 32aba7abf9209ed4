SELECT sum(length(hosts)) AS hosts, sum(length(ports)) AS ports FROM (
  SELECT groupUniqArray(dest_ip) AS hosts, groupUniqArray(dest_port) AS ports FROM threats GROUP BY source_ip)
