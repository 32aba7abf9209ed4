-- Where alerts are told, and what is still to be told there.

CREATE TABLE channels (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    name       TEXT NOT NULL UNIQUE,
    enabled    INTEGER NOT NULL,
    -- What is no secret, as JSON; address and secret are sealed.
    settings   TEXT NOT NULL,
    sealed     BLOB NOT NULL,
    -- The last alert that was looked at for this channel.
    cursor     INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    created_by TEXT NOT NULL
) STRICT;

CREATE TABLE deliveries (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    channel_id INTEGER NOT NULL REFERENCES channels (id) ON DELETE CASCADE,
    alert_id   INTEGER NOT NULL REFERENCES alerts (id) ON DELETE CASCADE,
    state      TEXT NOT NULL CHECK (state IN ('waiting', 'delivered', 'dead')),
    attempts   INTEGER NOT NULL,
    next_at    INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    last_error TEXT,
    UNIQUE (channel_id, alert_id)
) STRICT;
CREATE INDEX deliveries_due ON deliveries (state, next_at);
