-- Version 5: correlation rules.

CREATE TABLE rules (
    id            INTEGER PRIMARY KEY AUTOINCREMENT,
    -- File name of a rule that came with Vedette, and its text as it came.
    shipped       TEXT UNIQUE,
    shipped_rule  TEXT,
    rule          TEXT NOT NULL,
    enabled       INTEGER NOT NULL,
    created_at    INTEGER NOT NULL,
    created_by    TEXT NOT NULL,
    updated_at    INTEGER NOT NULL,
    updated_by    TEXT NOT NULL,
    -- Scheduled: the end of the last window that was dealt with. Real time: the arrival of the last
    -- row that was looked at. Moves in one step with the alerts.
    cursor        INTEGER NOT NULL,
    -- When to look at it again.
    next_due      INTEGER NOT NULL,
    failing_since INTEGER,
    last_error    TEXT
) STRICT;
CREATE INDEX rules_due ON rules (next_due) WHERE enabled;

CREATE TABLE rule_runs (
    id           INTEGER PRIMARY KEY AUTOINCREMENT,
    rule_id      INTEGER NOT NULL,
    rule_name    TEXT NOT NULL,
    real_time    INTEGER NOT NULL,
    status       TEXT NOT NULL CHECK (status IN ('ok', 'failed', 'skipped')),
    window_start INTEGER NOT NULL,
    window_end   INTEGER NOT NULL,
    finished_at  INTEGER NOT NULL,
    duration_ms  INTEGER NOT NULL,
    rows_scanned INTEGER NOT NULL,
    rows_found   INTEGER NOT NULL,
    alerts       INTEGER NOT NULL,
    suppressed   INTEGER NOT NULL,
    aggregated   INTEGER NOT NULL,
    error        TEXT,
    note         TEXT
) STRICT;
CREATE INDEX rule_runs_by_rule ON rule_runs (rule_id, id);

CREATE TABLE rule_suppressions (
    rule_id  INTEGER NOT NULL REFERENCES rules (id) ON DELETE CASCADE,
    same     TEXT NOT NULL,
    alert_id INTEGER NOT NULL,
    until    INTEGER NOT NULL,
    PRIMARY KEY (rule_id, same)
) STRICT;
