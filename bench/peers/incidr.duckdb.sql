SELECT count(*) AS rows FROM threats
WHERE starts_with(dest_ip, '10.20.') OR starts_with(dest_ip, '10.21.')
   OR starts_with(source_ip, '198.18.') OR starts_with(source_ip, '198.19.')
