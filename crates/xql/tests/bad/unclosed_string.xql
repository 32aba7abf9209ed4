dataset = xdr_data
| filter actor_process_image_name = "nmap
| filter action_remote_port = 445
| sort desc _time
