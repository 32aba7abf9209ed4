select user, count(*) from xdr_data where port = 22 group by user order by 2 desc
