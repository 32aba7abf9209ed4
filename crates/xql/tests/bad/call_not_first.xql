dataset = a | call my_query | dataset = b
