dataset = panw_ngfw_threat_raw
| comp values(dest_ip) as hosts, values(dest_port) as ports by source_ip
| alter hosts = array_length(hosts), ports = array_length(ports)
| comp sum(hosts) as hosts, sum(ports) as ports
