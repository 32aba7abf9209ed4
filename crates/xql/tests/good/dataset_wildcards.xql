dataset in (panw_*, *_raw, *)
