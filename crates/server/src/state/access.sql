-- API keys, calls made once, and a number for every administrative act.

CREATE TABLE api_keys (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    name       TEXT NOT NULL,
    kind       TEXT NOT NULL CHECK (kind IN ('standard', 'advanced')),
    role       TEXT NOT NULL CHECK (role IN ('viewer', 'analyst', 'administrator', 'ingest')),
    -- SHA-256 of a standard key.
    digest     BLOB,
    -- An advanced key under the key file: its hash over nonce and time needs the key itself.
    sealed     BLOB,
    created_at INTEGER NOT NULL,
    created_by TEXT NOT NULL,
    rotated_at INTEGER,
    last_used  INTEGER,
    expires_at INTEGER,
    CHECK ((kind = 'standard') = (digest IS NOT NULL)),
    CHECK ((kind = 'advanced') = (sealed IS NOT NULL))
) STRICT;

-- Calls signed with an advanced key, until their time stamp is too old to be taken again. `call` is
-- a digest of what was called; each may be made once under its nonce, and all from one address.
CREATE TABLE api_key_calls (
    key_id     INTEGER NOT NULL REFERENCES api_keys (id) ON DELETE CASCADE,
    nonce      BLOB NOT NULL,
    call       BLOB NOT NULL,
    address    TEXT NOT NULL,
    expires_at INTEGER NOT NULL,
    PRIMARY KEY (key_id, nonce, call)
) STRICT, WITHOUT ROWID;
CREATE INDEX api_key_calls_by_end ON api_key_calls (expires_at);

-- Answers to calls with an `Idempotency-Key`; `answer` is sealed, for it may show a secret once.
CREATE TABLE calls_made (
    id         BLOB PRIMARY KEY,
    request    BLOB NOT NULL,
    started_at INTEGER NOT NULL,
    status     INTEGER,
    answer     BLOB
) STRICT, WITHOUT ROWID;
CREATE INDEX calls_made_by_start ON calls_made (started_at);

CREATE TABLE audit_number (last INTEGER NOT NULL) STRICT;
INSERT INTO audit_number VALUES (0);
