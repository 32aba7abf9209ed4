SELECT count(*) AS rows FROM threats WHERE contains(fold(threat_name), 'number 7')
