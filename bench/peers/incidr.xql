dataset = panw_ngfw_threat_raw
| filter incidr(dest_ip, "10.20.0.0/15") or incidr(source_ip, "198.18.0.0/15")
| comp count() as rows
