SELECT count(*) AS rows FROM threats
WHERE isIPAddressInRange(assumeNotNull(dest_ip), '10.20.0.0/15') OR isIPAddressInRange(assumeNotNull(source_ip), '198.18.0.0/15')
