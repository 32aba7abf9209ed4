dataset = a
| alter b = c -> d.e[0], f = c->["x.y"].z, g = c -> `a b`, h = c -> list[] -> [1], i = c -> {}, j = c ->-> a[*].b, k = c ->-> "$..x"
| filter arraymap(c -> [], "@element" -> name) contains "x" and m = $name and n in (ENUM.PROCESS, XDM_CONST.A)
