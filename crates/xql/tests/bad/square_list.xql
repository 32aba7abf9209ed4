dataset = a | alter x = ["a", "b"] | filter attributes["event.name"] = "x"
