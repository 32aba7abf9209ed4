dataset = a | comp count() by k addrawdata = yes as raw
