-- Version 2: the packets an alert stands on, as a capture file, where the sensor kept any.

CREATE TABLE alert_captures (
    alert_id INTEGER PRIMARY KEY REFERENCES alerts (id) ON DELETE CASCADE,
    file     BLOB NOT NULL
) STRICT;
