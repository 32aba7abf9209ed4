SELECT count(*) AS rows FROM threats WHERE match(file_name, '/(admin|login)/part[0-4]\\.php\\?id=\\d+7$')
