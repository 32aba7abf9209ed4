dataset = panw_ngfw_threat_raw
| filter severity = "critical" and action = "allow"
| comp count() as rows
