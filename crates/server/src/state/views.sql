-- A scan that several saw is one alert: what the others saw of it, each as it stands (see views.rs).
CREATE TABLE alert_views (
    subject_key TEXT PRIMARY KEY,
    alert_id    INTEGER NOT NULL REFERENCES alerts (id) ON DELETE CASCADE,
    active      INTEGER NOT NULL,
    subject     TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX alert_views_by_alert ON alert_views (alert_id);
