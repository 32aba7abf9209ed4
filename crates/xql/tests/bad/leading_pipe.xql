| filter action_remote_port = 445
