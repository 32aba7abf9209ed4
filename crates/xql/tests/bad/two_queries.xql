dataset = a | limit 1;
dataset = b | limit 2
