config case_sensitive = true
| dataset = panw_ngfw_threat_raw
| filter file_name ~= "/(admin|login)/part[0-4]\.php\?id=\d+7$"
| comp count() as rows
