SELECT dest_ip, dest_port, count(*) AS hits FROM threats GROUP BY dest_ip, dest_port HAVING hits > 100
