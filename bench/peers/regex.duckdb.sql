SELECT count(*) AS rows FROM threats WHERE regexp_matches(file_name, '/(admin|login)/part[0-4]\.php\?id=\d+7$')
