dataset = a | filter user like "ro%" and host startswith "srv" and cmd matches regex "x.*"
