//! How long alerts are kept. Open ones are kept for ever; closed ones, and those that an exclusion hides,
//! for as long as was set.

use super::{StateError, Store};
use rusqlite::params;
use vedette_event::Time;

/// Days that closed alerts are kept, as a setting; and how many were dropped so far.
const DAYS: &str = "closed_alert_days";
const DROPPED: &str = "alerts_expired";
pub const DEFAULT_DAYS: u32 = 365;
const DAY: i64 = 86_400_000_000;
/// Dropped in one transaction.
const STEP: u32 = 500;

/// What a sweep dropped.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Expired {
    pub alerts: u64,
    /// Closed incidents that have no alert left.
    pub incidents: u64,
}

impl Store {
    /// Days that closed alerts are kept.
    pub fn closed_alert_days(&self) -> Result<u32, StateError> {
        Ok(self.setting(DAYS)?.and_then(|text| text.parse().ok()).unwrap_or(DEFAULT_DAYS))
    }

    pub fn set_closed_alert_days(&self, days: u32) -> Result<(), StateError> {
        self.set_setting(DAYS, &days.to_string())
    }

    /// Alerts dropped by their age since this installation began.
    pub fn alerts_expired(&self) -> Result<u64, StateError> {
        Ok(self.setting(DROPPED)?.and_then(|text| text.parse().ok()).unwrap_or(0))
    }

    /// Drops the alerts that were closed, or hidden and not heard of, for so long, with their comments,
    /// history and packets; then closed incidents without alerts.
    pub fn expire_alerts(&self, now: Time) -> Result<Expired, StateError> {
        let before = now.plus(-i64::from(self.closed_alert_days()?) * DAY);
        let mut expired = Expired::default();
        loop {
            let mut connection = self.lock();
            let transaction = connection.transaction()?;
            let dropped = transaction.execute(
                "DELETE FROM alerts WHERE id IN (
                     SELECT id FROM alerts WHERE status = 'closed' AND closed_at < ?1 AND NOT active
                     UNION ALL
                     SELECT id FROM alerts WHERE excluded_by IS NOT NULL AND status <> 'closed'
                         AND updated_at < ?1 AND NOT active
                     LIMIT ?2)",
                params![before.0, STEP],
            )?;
            if dropped > 0 {
                let known: i64 = transaction
                    .query_row(
                        "SELECT CAST(value AS INTEGER) FROM settings WHERE key = ?1",
                        [DROPPED],
                        |row| row.get(0),
                    )
                    .unwrap_or(0);
                transaction.execute(
                    "INSERT INTO settings (key, value) VALUES (?1, ?2)
                     ON CONFLICT (key) DO UPDATE SET value = excluded.value",
                    params![DROPPED, (known + dropped as i64).to_string()],
                )?;
            }
            transaction.commit()?;
            expired.alerts += dropped as u64;
            if dropped < STEP as usize {
                break;
            }
        }
        expired.incidents = self.lock().execute(
            "DELETE FROM incidents WHERE status = 'closed' AND closed_at < ?1
                 AND NOT EXISTS (SELECT 1 FROM alerts a WHERE a.incident_id = incidents.id)",
            [before.0],
        )? as u64;
        Ok(expired)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::super::alerts::tests::detection;
    use super::super::{Edit, NewExclusion, Resolution, Status};
    use super::*;

    fn ended(id: &str) -> vedette_event::Detection {
        let mut scan = detection(id);
        scan.change = vedette_event::Change::Closed;
        scan
    }

    #[test]
    fn old_closed_alerts_go_and_open_ones_stay() {
        let store = Store::in_memory();
        store.set_closed_alert_days(30).unwrap();
        for (id, scan) in [("a", ended("a")), ("b", ended("b")), ("c", detection("c"))] {
            assert!(store.record_detection(&scan, false, Time(1)).unwrap().new, "{id}");
        }
        let close =
            Edit { status: Some(Status::Closed), resolution: Some(Resolution::Benign), ..Edit::default() };
        store.edit_alert(1, &Edit { comment: Some("seen"), ..close.clone() }, "ada", Time(2)).unwrap();
        store.edit_alert(3, &close, "ada", Time(2)).unwrap();
        assert_eq!(
            store.expire_alerts(Time(2 + 30 * DAY)).unwrap(),
            Expired::default(),
            "not a moment early"
        );
        assert_eq!(store.expire_alerts(Time(3 + 30 * DAY)).unwrap().alerts, 1);
        assert!(store.alert(1).unwrap().is_none() && store.comments(1).unwrap().is_empty());
        assert!(store.alert(2).unwrap().is_some(), "open");
        assert!(store.alert(3).unwrap().is_some(), "its scan goes on");
        assert_eq!(store.alerts_expired().unwrap(), 1);
    }

    #[test]
    fn hidden_alerts_go_too_and_incidents_without_alerts() {
        let store = Store::in_memory();
        assert_eq!(store.closed_alert_days().unwrap(), DEFAULT_DAYS);
        store.record_detection(&ended("seen"), false, Time(1)).unwrap();
        let conditions = serde_json::from_str(r#"{"sources": ["10.0.0.9"]}"#).unwrap();
        let new = NewExclusion {
            conditions: &conditions,
            reason: "ours",
            alert_id: None,
            expires_at: Time(DAY),
            by: "ada",
        };
        store.add_exclusion(&new, Time(1)).unwrap();
        for n in 0..STEP + 7 {
            store.record_detection(&ended(&format!("h{n}")), false, Time(2)).unwrap();
        }
        let close = super::super::IncidentEdit {
            status: Some(Status::Closed),
            resolution: Some(Resolution::Benign),
            ..super::super::IncidentEdit::default()
        };
        store.edit_incident(1, &close, "ada", Time(3)).unwrap();
        let gone = store.expire_alerts(Time(9 + 365 * DAY)).unwrap();
        assert_eq!((gone.alerts, gone.incidents), (u64::from(STEP) + 8, 1));
        assert!(store.incident(1).unwrap().is_none());
        assert_eq!(store.alerts_expired().unwrap(), gone.alerts);
    }
}
