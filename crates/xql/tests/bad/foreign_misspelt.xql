dataset = a | wher user = "x" | sumarize n = count() by host | alter x = isnul(user)
