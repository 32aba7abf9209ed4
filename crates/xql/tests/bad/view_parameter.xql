dataset = a | view graph type = line xaxis = a yaxis = b headder = "x"
