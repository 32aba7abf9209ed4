-- Exclusions: alerts that nobody needs to see. What one hides is stored all the same.

CREATE TABLE exclusions (
    id          INTEGER PRIMARY KEY AUTOINCREMENT,
    conditions  TEXT NOT NULL,
    reason      TEXT NOT NULL,
    -- The alert it was made from.
    alert_id    INTEGER,
    created_at  INTEGER NOT NULL,
    created_by  TEXT NOT NULL,
    expires_at  INTEGER NOT NULL,
    hits        INTEGER NOT NULL DEFAULT 0,
    last_hit_at INTEGER,
    removed_at  INTEGER,
    removed_by  TEXT
) STRICT;
CREATE INDEX exclusions_in_force ON exclusions (expires_at) WHERE removed_at IS NULL;

ALTER TABLE alerts ADD COLUMN excluded_by INTEGER REFERENCES exclusions (id);
CREATE INDEX alerts_excluded ON alerts (excluded_by) WHERE excluded_by IS NOT NULL;
CREATE INDEX alerts_by_closed_at ON alerts (closed_at) WHERE closed_at IS NOT NULL;

-- Alerts that came out of hiding after a channel had passed them by.
CREATE TABLE late_alerts (
    channel_id INTEGER NOT NULL REFERENCES channels (id) ON DELETE CASCADE,
    alert_id   INTEGER NOT NULL REFERENCES alerts (id) ON DELETE CASCADE,
    PRIMARY KEY (channel_id, alert_id)
) STRICT, WITHOUT ROWID;
