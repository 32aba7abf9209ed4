call my_query | limit 5
