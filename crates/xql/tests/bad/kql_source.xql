SecurityEvent | where EventID == 4625 | summarize count() by Account | order by count_ desc
