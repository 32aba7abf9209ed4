dataset = a | limit 1;
// end
