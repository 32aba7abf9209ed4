dataset = a | fields `Event Count`, `_source.x`, xdm.source.ipv4, `*`.ipv4, event_*, *ipv4, xdm.source.*, *, größe, 3cx_raw, `a b`.c
