config timeframe between "-7d" and "now" | search "10.0.0.1", "mimikatz" dataset in (a, b) | limit 5
