dataset = a | filter view = 1 and desc = "x" and count > 1 and has = "y" | fields tag, target, top
