dataset = a | view graph type = lin xaxis = a yaxis = b | view graph xaxis = a
