/* before */ dataset // which
  = xdr_data /* and */ | // then
  filter /**/ a = /* one */ 1 // "not a string
    and b = "https://x // no comment" /* c */ | limit /* few */ 10 // end