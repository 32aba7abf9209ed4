-- Incidents: alerts that belong together; and what people set about an alert's severity.

CREATE TABLE incidents (
    id              INTEGER PRIMARY KEY AUTOINCREMENT,
    status          TEXT NOT NULL CHECK (status IN ('new', 'in_progress', 'closed')),
    resolution      TEXT,
    resolve_comment TEXT,
    assignee        TEXT,
    -- Of its worst alert: 0 informational to 4 critical.
    severity        INTEGER NOT NULL,
    manual_severity INTEGER,
    starred         INTEGER NOT NULL DEFAULT 0,
    created_at      INTEGER NOT NULL,
    updated_at      INTEGER NOT NULL,
    closed_at       INTEGER,
    first_alert_at  INTEGER NOT NULL,
    last_alert_at   INTEGER NOT NULL,
    CHECK ((status = 'closed') = (resolution IS NOT NULL))
) STRICT;
CREATE INDEX incidents_by_created_at ON incidents (created_at);
CREATE INDEX incidents_by_updated_at ON incidents (updated_at);
CREATE INDEX incidents_open ON incidents (last_alert_at) WHERE status <> 'closed';

ALTER TABLE alerts ADD COLUMN incident_id INTEGER REFERENCES incidents (id);
ALTER TABLE alerts ADD COLUMN manual_severity INTEGER;
CREATE INDEX alerts_by_incident ON alerts (incident_id);

-- Who did it and whom it was done to, by address or name, at most 1,000 of each an incident.
CREATE TABLE incident_parties (
    party       TEXT NOT NULL,
    role        TEXT NOT NULL CHECK (role IN ('source', 'victim')),
    incident_id INTEGER NOT NULL REFERENCES incidents (id) ON DELETE CASCADE,
    PRIMARY KEY (party, role, incident_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX incident_parties_by_incident ON incident_parties (incident_id, role);

CREATE TABLE incident_history (
    id          INTEGER PRIMARY KEY AUTOINCREMENT,
    incident_id INTEGER NOT NULL REFERENCES incidents (id) ON DELETE CASCADE,
    time        INTEGER NOT NULL,
    actor       TEXT NOT NULL,
    field       TEXT NOT NULL,
    old         TEXT,
    new         TEXT,
    note        TEXT
) STRICT;
CREATE INDEX incident_history_by_incident ON incident_history (incident_id);
