-- Version 3: alerts come from correlation rules and from other products too.
ALTER TABLE alerts RENAME COLUMN detection_id TO subject_key;
ALTER TABLE alerts RENAME COLUMN detection TO subject;
ALTER TABLE alerts ADD COLUMN source TEXT NOT NULL DEFAULT 'detection'
    CHECK (source IN ('detection', 'correlation', 'external'));
ALTER TABLE alerts ADD COLUMN rule_id INTEGER;
-- Hits that were kept back as the same as this alert.
ALTER TABLE alerts ADD COLUMN duplicates INTEGER NOT NULL DEFAULT 0;
CREATE INDEX alerts_by_rule ON alerts (rule_id) WHERE rule_id IS NOT NULL;
