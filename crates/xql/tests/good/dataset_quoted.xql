dataset = "Dropbox_Raw" | limit 1
