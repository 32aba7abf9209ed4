dataset = a
| filter user in (dataset = b | filter n > 1 | fields user) and ip not in (config case_sensitive = true | dataset in (c, d) | fields ip)
| filter kind = PROCESS or kind in (ENUM.FILE, NETWORK) or roles != ROLE.ADMIN
