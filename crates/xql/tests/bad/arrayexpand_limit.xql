dataset = a | arrayexpand x limit ten
