SELECT source_ip, count(DISTINCT dest_ip) AS targets FROM threats GROUP BY source_ip
