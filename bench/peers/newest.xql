dataset = panw_ngfw_threat_raw
| sort desc _time
| limit 100
