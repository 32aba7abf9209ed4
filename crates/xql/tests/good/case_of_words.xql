DATASET = A | Filter X IN (1) AND NOT y CONTAINS "z" OR q != NULL | SORT DESC n | Comp COUNT() AS N BY Host
