config timeframe = between "begin" and "+1mo" | preset = network_story
