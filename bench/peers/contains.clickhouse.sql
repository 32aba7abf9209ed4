SELECT count(*) AS rows FROM threats WHERE positionCaseInsensitive(threat_name, 'number 7') > 0
