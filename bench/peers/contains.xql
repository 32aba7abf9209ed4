dataset = panw_ngfw_threat_raw
| filter threat_name contains "NUMBER 7"
| comp count() as rows
