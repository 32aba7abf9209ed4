dataset = xdr_data
fliter action_remote_port = 445
