dataset = panw_ngfw_threat_raw
| comp count() as hits by dest_ip, dest_port
| filter hits > 100
