SELECT source_ip, uniqExact(dest_ip) AS targets FROM threats GROUP BY source_ip
