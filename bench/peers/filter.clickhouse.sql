SELECT count(*) AS rows FROM threats WHERE fold(severity) = 'critical' AND fold(action) = 'allow'
