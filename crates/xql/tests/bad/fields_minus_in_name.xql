dataset = a | fields my-field, b
