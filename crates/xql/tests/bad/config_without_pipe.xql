config timeframe = 24h dataset = xdr_data
