config timeframe between "2021-04-01 09:00:00 -0200" and "2021-04-02 09:00:00" | preset in (a, b)
