//! Which incident an alert belongs to. The rule, in full:
//!
//! 1. A self-test's alert belongs to none, nor does one that an exclusion hides.
//! 2. An alert joins an open incident whose alerts lie within a day of it when they have a source in
//!    common, or when a victim of the one is a source of the other: who was attacked attacks.
//! 3. An alert without a source (spoofed, or decoys) joins an open incident without a source whose
//!    alerts lie within an hour of it when they have a victim in common.
//! 4. Of several the one with the latest alert; with none a new incident begins.
//! 5. An incident that is closed, or holds 1,000 alerts, takes no more: what goes on is a new one.
//!
//! A common victim alone joins nothing: on a host that the whole internet sees, strangers would become
//! one incident. Time is the time of detection, so that a replay groups as live did. An alert never
//! changes its incident.

use super::alerts::{OURSELVES, load, severity_rank};
use super::{StateError, Store};
use rusqlite::types::Value;
use rusqlite::{OptionalExtension, Transaction, params, params_from_iter};
use std::collections::BTreeSet;
use vedette_event::{Attribution, Subject, Time};

/// In microseconds.
const HOUR: i64 = 3600 * 1_000_000;
const DAY: i64 = 24 * HOUR;
const MOST_ALERTS: i64 = 1000;
/// Parties kept of each role, and those of one alert that are compared: a sweep over thousands of
/// hosts says little about each.
const MOST_PARTIES: usize = 1000;
const COMPARED: usize = 64;

/// Who did it, and whom it was done to.
struct Parties {
    sources: BTreeSet<String>,
    victims: BTreeSet<String>,
}

impl Parties {
    fn of(subject: &Subject) -> Parties {
        let blamed = match subject {
            // Decoys are candidates; a spoofed source is anybody.
            Subject::Detection(d) if d.attribution == Attribution::Spoofed => &[],
            Subject::Detection(d) => d.source_ips.as_slice(),
            Subject::Finding(finding) => finding.source_ips.as_slice(),
        };
        let names = subject.finding().map(|finding| finding.hosts.as_slice()).unwrap_or_default();
        let victims = subject.target_ips().iter().map(ToString::to_string);
        Parties {
            sources: blamed.iter().take(MOST_PARTIES).map(ToString::to_string).collect(),
            victims: victims.chain(names.iter().map(|name| name.to_lowercase())).take(MOST_PARTIES).collect(),
        }
    }
}

/// Puts a new alert into its incident.
pub(super) fn join(
    transaction: &Transaction<'_>,
    alert: i64,
    subject: &Subject,
    now: Time,
) -> Result<(), StateError> {
    let parties = Parties::of(subject);
    let at = subject.detected_at();
    let incident = match find(transaction, &parties, at)? {
        Some(incident) => incident,
        None => begin(transaction, subject, now)?,
    };
    transaction.execute("UPDATE alerts SET incident_id = ?2 WHERE id = ?1", params![alert, incident])?;
    let sql = "INSERT INTO incident_history (incident_id, time, actor, field, new) VALUES (?1, ?2, ?3, 'alert', ?4)";
    transaction.execute(sql, params![incident, now.0, OURSELVES, alert.to_string()])?;
    grow(transaction, incident, subject, &parties, now)
}

/// Brings an incident up to date with one of its alerts.
pub(super) fn follow(
    transaction: &Transaction<'_>,
    alert: i64,
    subject: &Subject,
    now: Time,
) -> Result<(), StateError> {
    let sql = "SELECT incident_id FROM alerts WHERE id = ?1";
    let incident: Option<i64> = transaction.query_row(sql, [alert], |row| row.get(0))?;
    match incident {
        Some(incident) => grow(transaction, incident, subject, &Parties::of(subject), now),
        None => Ok(()),
    }
}

/// The open incident it belongs to.
fn find(transaction: &Transaction<'_>, parties: &Parties, at: Time) -> Result<Option<i64>, StateError> {
    let sourceless = parties.sources.is_empty();
    let span = if sourceless { HOUR } else { DAY };
    let mut values = vec![Value::from(at.0.saturating_sub(span)), Value::from(at.0.saturating_add(span))];
    let mut list = |names: &BTreeSet<String>| {
        let places: Vec<String> = names
            .iter()
            .take(COMPARED)
            .map(|name| {
                values.push(Value::from(name.clone()));
                format!("?{}", values.len())
            })
            .collect();
        places.join(", ")
    };
    let matches = if sourceless {
        let victims = list(&parties.victims);
        format!(
            "p.role = 'victim' AND p.party IN ({victims}) AND NOT EXISTS (SELECT 1 FROM incident_parties s
                 WHERE s.incident_id = i.id AND s.role = 'source')"
        )
    } else {
        let (sources, victims) = (list(&parties.sources), list(&parties.victims));
        format!("p.party IN ({sources}) OR (p.role = 'source' AND p.party IN ({victims}))")
    };
    let sql = format!(
        "SELECT i.id FROM incidents i JOIN incident_parties p ON p.incident_id = i.id
         WHERE i.status <> 'closed' AND i.last_alert_at >= ?1 AND i.first_alert_at <= ?2 AND ({matches})
             AND (SELECT count(*) FROM alerts a WHERE a.incident_id = i.id) < {MOST_ALERTS}
         ORDER BY i.last_alert_at DESC, i.id DESC LIMIT 1"
    );
    Ok(transaction.query_row(&sql, params_from_iter(values), |row| row.get(0)).optional()?)
}

fn begin(transaction: &Transaction<'_>, subject: &Subject, now: Time) -> Result<i64, StateError> {
    let (severity, at) = (severity_rank(subject.severity()), subject.detected_at());
    transaction.execute(
        "INSERT INTO incidents (status, severity, created_at, updated_at, first_alert_at, last_alert_at)
         VALUES ('new', ?1, ?2, ?2, ?3, ?3)",
        params![severity, now.0, at.0],
    )?;
    Ok(transaction.last_insert_rowid())
}

fn grow(
    transaction: &Transaction<'_>,
    incident: i64,
    subject: &Subject,
    parties: &Parties,
    now: Time,
) -> Result<(), StateError> {
    transaction.execute(
        "UPDATE incidents SET updated_at = ?2, first_alert_at = min(first_alert_at, ?3),
             last_alert_at = max(last_alert_at, ?3),
             severity = (SELECT coalesce(max(severity), 0) FROM alerts WHERE incident_id = ?1) WHERE id = ?1",
        params![incident, now.0, subject.detected_at().0],
    )?;
    for (role, names) in [("source", &parties.sources), ("victim", &parties.victims)] {
        let count = "SELECT count(*) FROM incident_parties WHERE incident_id = ?1 AND role = ?2";
        let known: i64 = transaction.query_row(count, params![incident, role], |row| row.get(0))?;
        let room = MOST_PARTIES.saturating_sub(usize::try_from(known).unwrap_or(MOST_PARTIES));
        let mut add = transaction.prepare_cached(
            "INSERT OR IGNORE INTO incident_parties (party, role, incident_id) VALUES (?1, ?2, ?3)",
        )?;
        for name in names.iter().take(room) {
            add.execute(params![name, role, incident])?;
        }
    }
    Ok(())
}

impl Store {
    /// At start: alerts of a version that knew no incidents find theirs, in the order in which they
    /// came. Returns how many there were.
    pub fn group_loose_alerts(&self, now: Time) -> Result<usize, StateError> {
        let mut connection = self.lock();
        let loose: Vec<i64> = connection
            .prepare(
                "SELECT id FROM alerts WHERE incident_id IS NULL AND NOT self_test
                      AND excluded_by IS NULL ORDER BY id",
            )?
            .query_map([], |row| row.get(0))?
            .collect::<Result<_, _>>()?;
        let transaction = connection.transaction()?;
        for alert in &loose {
            if let Some(record) = load(&transaction, *alert)? {
                join(&transaction, *alert, &record.subject, now)?;
            }
        }
        transaction.commit()?;
        Ok(loose.len())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::super::alerts::tests::{detection, finding};
    use super::super::{IncidentEdit, Resolution, Status};
    use super::*;
    use vedette_event::Detection;

    fn scan(id: &str, source: &str, target: &str, at: i64) -> Detection {
        let mut d = detection(id);
        d.source_ips = if source.is_empty() { Vec::new() } else { vec![source.parse().unwrap()] };
        d.target_ips = vec![target.parse().unwrap()];
        d.detected_at = Time(at);
        d
    }

    fn incident(store: &Store, d: &Detection) -> Option<i64> {
        store.record_detection(d, false, Time(1)).unwrap().alert.life.incident_id
    }

    #[test]
    fn a_source_and_who_was_attacked_join_and_strangers_do_not() {
        let store = Store::in_memory();
        let first = incident(&store, &scan("a", "203.0.113.7", "10.0.0.5", 0));
        assert!(first.is_some());
        assert_eq!(incident(&store, &scan("b", "203.0.113.7", "10.0.0.6", DAY / 2)), first, "same source");
        assert_ne!(incident(&store, &scan("c", "198.51.100.1", "10.0.0.5", 10)), first, "a victim in common");
        assert_eq!(incident(&store, &scan("d", "10.0.0.6", "10.0.0.9", DAY)), first, "the victim attacks");
        let late = incident(&store, &scan("e", "203.0.113.7", "10.0.0.5", 3 * DAY));
        assert_ne!(late, first, "days later");
        assert_eq!(incident(&store, &scan("f", "203.0.113.7", "10.0.0.7", 3 * DAY + 1)), late);
        // A campaign that grows stays where it is.
        assert_eq!(incident(&store, &scan("a", "203.0.113.7", "10.0.0.5", 3 * DAY)), first);
    }

    #[test]
    fn without_a_source_the_victim_counts_for_an_hour() {
        let store = Store::in_memory();
        let known = incident(&store, &scan("a", "203.0.113.7", "10.0.0.5", 0));
        let first = incident(&store, &scan("b", "", "10.0.0.5", 1));
        assert_ne!(first, known, "nothing says it was them");
        assert_eq!(incident(&store, &scan("c", "", "10.0.0.5", HOUR)), first);
        assert_ne!(incident(&store, &scan("d", "", "10.0.0.6", HOUR)), first);
        assert_ne!(incident(&store, &scan("e", "", "10.0.0.5", 3 * HOUR)), first);
        let mut spoofed = scan("f", "203.0.113.7", "10.0.0.5", 2);
        spoofed.attribution = Attribution::Spoofed;
        assert_eq!(incident(&store, &spoofed), first, "a spoofed source is anybody");
    }

    #[test]
    fn a_self_test_and_a_closed_incident_take_none() {
        let store = Store::in_memory();
        let own = store.record_detection(&scan("t", "127.0.0.1", "127.0.0.1", 0), true, Time(1)).unwrap();
        assert_eq!(own.alert.life.incident_id, None);
        let first = incident(&store, &scan("a", "203.0.113.7", "10.0.0.5", 0)).unwrap();
        let close = IncidentEdit {
            status: Some(Status::Closed),
            resolution: Some(Resolution::Benign),
            ..IncidentEdit::default()
        };
        store.edit_incident(first, &close, "ada", Time(2)).unwrap().unwrap();
        assert_ne!(incident(&store, &scan("b", "203.0.113.7", "10.0.0.5", 1)), Some(first));
    }

    #[test]
    fn findings_join_by_address_and_full_incidents_are_left_alone() {
        let store = Store::in_memory();
        let mut other = finding("f");
        other.detected_at = Time(5);
        let first = incident(&store, &scan("a", "203.0.113.7", "10.0.0.5", 0));
        let stored = store.record_finding(&other, Time(2)).unwrap().alert;
        assert_eq!(stored.life.incident_id, first);
        for n in 0..MOST_ALERTS - 2 {
            assert_eq!(incident(&store, &scan(&format!("n{n}"), "203.0.113.7", "10.0.0.5", n)), first);
        }
        assert_ne!(incident(&store, &scan("z", "203.0.113.7", "10.0.0.5", 9)), first);
    }

    #[test]
    fn alerts_from_before_find_their_incident_at_the_start() {
        let store = Store::in_memory();
        incident(&store, &scan("a", "203.0.113.7", "10.0.0.5", 0));
        incident(&store, &scan("b", "203.0.113.7", "10.0.0.5", 1));
        store.lock().execute_batch("UPDATE alerts SET incident_id = NULL; DELETE FROM incidents").unwrap();
        assert_eq!(store.group_loose_alerts(Time(9)).unwrap(), 2);
        assert_eq!(store.group_loose_alerts(Time(9)).unwrap(), 0);
        let (a, b) = (store.alert_of("a").unwrap().unwrap(), store.alert_of("b").unwrap().unwrap());
        assert!(a.life.incident_id.is_some() && a.life.incident_id == b.life.incident_id);
    }
}
