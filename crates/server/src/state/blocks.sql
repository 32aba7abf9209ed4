-- Sources that this host's firewall drops, and those it dropped.

CREATE TABLE blocks (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    address    TEXT NOT NULL,
    -- The alert that is the evidence; none when an administrator went without.
    alert_id   INTEGER,
    reason     TEXT NOT NULL,
    automatic  INTEGER NOT NULL,
    -- An administrator did without confirmed evidence.
    overridden INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    created_by TEXT NOT NULL,
    expires_at INTEGER NOT NULL,
    ended_at   INTEGER,
    ended_by   TEXT,
    ending     TEXT CHECK (ending IN ('expired', 'undone', 'cleared', 'failed')),
    -- What the hook said.
    hook       TEXT
) STRICT;
CREATE UNIQUE INDEX blocks_active ON blocks (address) WHERE ended_at IS NULL;
CREATE INDEX blocks_by_end ON blocks (expires_at) WHERE ended_at IS NULL;
