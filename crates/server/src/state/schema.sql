-- Version 1. Times are microseconds since 1970, UTC. A change is a new file and a new step in
-- `state/migrate.rs`; this one is never edited once released.

CREATE TABLE users (
    username      TEXT PRIMARY KEY,
    password_hash TEXT NOT NULL,
    role          TEXT NOT NULL CHECK (role IN ('viewer', 'analyst', 'administrator', 'ingest')),
    created_at    INTEGER NOT NULL,
    last_sign_in  INTEGER,
    disabled      INTEGER NOT NULL DEFAULT 0
) STRICT;

CREATE TABLE sessions (
    token_hash BLOB PRIMARY KEY,
    username   TEXT NOT NULL REFERENCES users (username) ON DELETE CASCADE,
    created_at INTEGER NOT NULL,
    last_used  INTEGER NOT NULL,
    expires_at INTEGER NOT NULL
) STRICT;
CREATE INDEX sessions_by_user ON sessions (username);

CREATE TABLE api_tokens (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    token_hash BLOB NOT NULL UNIQUE,
    name       TEXT NOT NULL,
    role       TEXT NOT NULL CHECK (role IN ('viewer', 'analyst', 'administrator', 'ingest')),
    created_at INTEGER NOT NULL,
    created_by TEXT NOT NULL,
    last_used  INTEGER,
    expires_at INTEGER
) STRICT;

CREATE TABLE alerts (
    id           INTEGER PRIMARY KEY AUTOINCREMENT,
    detection_id TEXT NOT NULL UNIQUE,
    status       TEXT NOT NULL CHECK (status IN ('new', 'in_progress', 'closed')),
    resolution   TEXT,
    assignee     TEXT,
    active       INTEGER NOT NULL,
    self_test    INTEGER NOT NULL,
    created_at   INTEGER NOT NULL,
    updated_at   INTEGER NOT NULL,
    closed_at    INTEGER,
    -- Copies of what lists sort and filter by; the whole stands in `detection`.
    detected_at  INTEGER NOT NULL,
    severity     INTEGER NOT NULL,
    probes       INTEGER NOT NULL,
    search       TEXT NOT NULL,
    detection    TEXT NOT NULL,
    CHECK ((status = 'closed') = (resolution IS NOT NULL))
) STRICT;
CREATE INDEX alerts_by_detected_at ON alerts (detected_at);
CREATE INDEX alerts_by_updated_at ON alerts (updated_at);

CREATE TABLE alert_comments (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    alert_id   INTEGER NOT NULL REFERENCES alerts (id) ON DELETE CASCADE,
    author     TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    text       TEXT NOT NULL
) STRICT;
CREATE INDEX alert_comments_by_alert ON alert_comments (alert_id);

CREATE TABLE alert_history (
    id       INTEGER PRIMARY KEY AUTOINCREMENT,
    alert_id INTEGER NOT NULL REFERENCES alerts (id) ON DELETE CASCADE,
    time     INTEGER NOT NULL,
    actor    TEXT NOT NULL,
    field    TEXT NOT NULL,
    old      TEXT,
    new      TEXT,
    note     TEXT
) STRICT;
CREATE INDEX alert_history_by_alert ON alert_history (alert_id);

CREATE TABLE settings (
    key   TEXT PRIMARY KEY,
    value TEXT NOT NULL
) STRICT;
