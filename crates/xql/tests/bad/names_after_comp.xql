dataset = xdr_data | comp count() as n by actor_process_image_name | fields zzz, n | filter actor_proces_image_name = "x" | sort desc m
