   // nothing but a comment
