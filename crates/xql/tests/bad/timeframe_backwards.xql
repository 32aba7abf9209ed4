config timeframe between "2026-02-01 00:00:00" and "2026-01-01 00:00:00" | dataset = a
