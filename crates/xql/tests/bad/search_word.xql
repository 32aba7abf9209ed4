search 10.0.0.1 dataset = a
