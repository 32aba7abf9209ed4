dataset = a | view chart type = line
