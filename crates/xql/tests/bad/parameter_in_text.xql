dataset = a | filter id = "$originalalertid" and path = "$.a" and cost ~= "$" | fields fieldset.xdm_network
