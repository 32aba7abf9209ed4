dataset = xdr_data
filter action_remote_port = 445
comp count() as n by action_remote_ip
sort desc n
