index=main sourcetype=syslog | eval total = bytes_in + bytes_out | stats count by src | sort -count | head 10
