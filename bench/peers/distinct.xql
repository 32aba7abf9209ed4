dataset = panw_ngfw_threat_raw
| comp count_distinct(dest_ip) as targets by source_ip
