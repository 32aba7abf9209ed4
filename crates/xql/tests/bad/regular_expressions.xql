dataset = a | filter b ~= "(?=x)y" and c !~= "(" | alter d = regextract(e, "a{2,1}"), f = replex(g, "[", ""), h = e ~= "$pattern"
