//! Alerts as the detectors make them: one a campaign, growing with it.

use super::life_cycle::{Status, write_change};
use super::{StateError, Store};
use rusqlite::{OptionalExtension, Row, Transaction, params};
use vedette_event::datasets::alerts::LifeCycle;
use vedette_event::{Change as CampaignChange, Detection, Severity, Time};

/// The actor of changes nobody made by hand.
pub const OURSELVES: &str = "vedette";
/// Resolution of a self-test's alert; people cannot choose it.
pub const SELF_TEST: &str = "self_test";

/// An alert as it stands.
#[derive(Clone, Debug, PartialEq)]
pub struct AlertRecord {
    pub life: LifeCycle,
    pub self_test: bool,
    pub closed_at: Option<Time>,
    pub comment_count: i64,
    pub detection: Detection,
}

/// What storing a detection did.
#[derive(Clone, Debug, PartialEq)]
pub struct Stored {
    pub alert: AlertRecord,
    /// The campaign had no alert before.
    pub new: bool,
}

pub(super) const COLUMNS: &str = "id, created_at, updated_at, status, resolution, assignee, active, \
     self_test, closed_at, (SELECT count(*) FROM alert_comments c WHERE c.alert_id = alerts.id), detection";

pub(super) fn read(row: &Row<'_>) -> rusqlite::Result<(AlertRecord, String)> {
    let life = LifeCycle {
        alert_id: row.get(0)?,
        created_at: Time(row.get(1)?),
        updated_at: Time(row.get(2)?),
        status: row.get(3)?,
        resolution: row.get(4)?,
        assignee: row.get(5)?,
        active: row.get(6)?,
    };
    let record = AlertRecord {
        life,
        self_test: row.get(7)?,
        closed_at: row.get::<_, Option<i64>>(8)?.map(Time),
        comment_count: row.get(9)?,
        detection: empty_detection(),
    };
    Ok((record, row.get(10)?))
}

/// Puts the stored detection into its record.
pub(super) fn finish((mut record, json): (AlertRecord, String)) -> Result<AlertRecord, StateError> {
    record.detection = serde_json::from_str(&json)?;
    Ok(record)
}

fn empty_detection() -> Detection {
    Detection {
        id: String::new(),
        change: CampaignChange::Opened,
        kind: vedette_event::DetectionKind::Scan,
        name: String::new(),
        summary: String::new(),
        source_ips: Vec::new(),
        candidate_ips: Vec::new(),
        target_ips: Vec::new(),
        addresses_cut: false,
        scan_types: Vec::new(),
        shape: vedette_event::Shape::Vertical,
        direction: String::new(),
        first_seen: Time::ZERO,
        last_seen: Time::ZERO,
        detected_at: Time::ZERO,
        probes: 0,
        distinct_ports: 0,
        distinct_hosts: 0,
        ports: String::new(),
        open_ports: Vec::new(),
        open_services: Vec::new(),
        tool: vedette_event::Tool::default(),
        attribution: vedette_event::Attribution::Unconfirmed,
        severity: Severity::Informational,
        mitre: vedette_event::Mitre::default(),
        score: 0.0,
        threshold: 0.0,
        reasons: Vec::new(),
        explanation: vedette_event::Explanation::default(),
        sensor_losses: vedette_event::SensorLosses::default(),
        observers: Vec::new(),
    }
}

/// Severity as a number that sorts: 0 informational to 4 critical.
pub fn severity_rank(severity: Severity) -> i64 {
    match severity {
        Severity::Informational => 0,
        Severity::Low => 1,
        Severity::Medium => 2,
        Severity::High => 3,
        Severity::Critical => 4,
    }
}

/// What free-text search looks in: lower case, addresses included, at most 16 KiB.
fn search_text(detection: &Detection) -> String {
    let mut text = format!("{}\n{}\n{}", detection.name, detection.summary, detection.tool.name);
    for address in detection.source_ips.iter().chain(&detection.candidate_ips).chain(&detection.target_ips) {
        if text.len() > 16 * 1024 {
            break;
        }
        text.push('\n');
        text.push_str(&address.to_string());
    }
    text.to_lowercase()
}

impl Store {
    /// Opens the campaign's alert, or brings it up to date. What people set stays; a campaign that
    /// goes on after its alert was closed by a person stays closed and keeps its figures current.
    pub fn record_detection(
        &self,
        detection: &Detection,
        self_test: bool,
        now: Time,
    ) -> Result<Stored, StateError> {
        let mut connection = self.lock();
        let transaction = connection.transaction()?;
        let before = known_alert(&transaction, &detection.id)?;
        let id = match before {
            None => insert(&transaction, detection, self_test, now)?,
            Some(ref known) => {
                update(&transaction, known, detection, now)?;
                known.id
            }
        };
        let alert = load(&transaction, id)?.ok_or(StateError::Invalid("the alert vanished"))?;
        transaction.commit()?;
        Ok(Stored { alert, new: before.is_none() })
    }

    pub fn alert(&self, id: i64) -> Result<Option<AlertRecord>, StateError> {
        load(&self.lock(), id)
    }

    pub fn alert_of(&self, detection_id: &str) -> Result<Option<AlertRecord>, StateError> {
        let connection = self.lock();
        let known = known_alert(&connection, detection_id)?;
        known.map_or(Ok(None), |known| load(&connection, known.id))
    }

    /// At start: campaigns that were going on when the server stopped are not followed any more,
    /// and their alerts must not claim they are. Returns how many there were.
    pub fn settle_after_restart(&self, now: Time) -> Result<usize, StateError> {
        let mut connection = self.lock();
        let transaction = connection.transaction()?;
        transaction.execute(
            "INSERT INTO alert_history (alert_id, time, actor, field, old, new, note)
             SELECT id, ?1, ?2, 'active', 'true', 'false', ?3 FROM alerts WHERE active",
            params![now.0, OURSELVES, "Vedette restarted; a scan that goes on opens a new alert"],
        )?;
        let settled =
            transaction.execute("UPDATE alerts SET active = 0, updated_at = ?1 WHERE active", [now.0])?;
        transaction.commit()?;
        Ok(settled)
    }
}

/// What is needed of an alert to see what a detection changes.
struct Known {
    id: i64,
    active: bool,
    severity: i64,
}

fn known_alert(connection: &rusqlite::Connection, detection_id: &str) -> Result<Option<Known>, StateError> {
    let sql = "SELECT id, active, severity FROM alerts WHERE detection_id = ?1";
    let known = connection
        .query_row(sql, [detection_id], |row| {
            Ok(Known { id: row.get(0)?, active: row.get(1)?, severity: row.get(2)? })
        })
        .optional()?;
    Ok(known)
}

fn insert(
    transaction: &Transaction<'_>,
    detection: &Detection,
    self_test: bool,
    now: Time,
) -> Result<i64, StateError> {
    let status = if self_test { Status::Closed } else { Status::New };
    transaction.execute(
        "INSERT INTO alerts (detection_id, status, resolution, active, self_test, created_at, updated_at,
             closed_at, detected_at, severity, probes, search, detection)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?6, ?7, ?8, ?9, ?10, ?11, ?12)",
        params![
            detection.id,
            status.as_str(),
            self_test.then_some(SELF_TEST),
            detection.change != CampaignChange::Closed,
            self_test,
            now.0,
            self_test.then_some(now.0),
            detection.detected_at.0,
            severity_rank(detection.severity),
            i64::try_from(detection.probes).unwrap_or(i64::MAX),
            search_text(detection),
            serde_json::to_string(detection)?,
        ],
    )?;
    let id = transaction.last_insert_rowid();
    let note = self_test.then_some("closed by Vedette: its own self-test made it");
    write_change(transaction, id, now, OURSELVES, "created", None, Some(status.as_str()), note)?;
    Ok(id)
}

fn update(
    transaction: &Transaction<'_>,
    known: &Known,
    detection: &Detection,
    now: Time,
) -> Result<(), StateError> {
    let active = detection.change != CampaignChange::Closed;
    let severity = severity_rank(detection.severity);
    transaction.execute(
        "UPDATE alerts SET active = ?2, updated_at = ?3, severity = ?4, probes = ?5, search = ?6,
             detection = ?7 WHERE id = ?1",
        params![
            known.id,
            active,
            now.0,
            severity,
            i64::try_from(detection.probes).unwrap_or(i64::MAX),
            search_text(detection),
            serde_json::to_string(detection)?,
        ],
    )?;
    if known.active != active {
        let (old, new) = (known.active.to_string(), active.to_string());
        write_change(transaction, known.id, now, OURSELVES, "active", Some(&old), Some(&new), None)?;
    }
    if known.severity != severity {
        let (old, new) = (rank_name(known.severity), detection.severity.as_str());
        write_change(transaction, known.id, now, OURSELVES, "severity", Some(old), Some(new), None)?;
    }
    Ok(())
}

fn rank_name(rank: i64) -> &'static str {
    [Severity::Informational, Severity::Low, Severity::Medium, Severity::High, Severity::Critical]
        .into_iter()
        .find(|severity| severity_rank(*severity) == rank)
        .map_or("unknown", Severity::as_str)
}

pub(super) fn load(connection: &rusqlite::Connection, id: i64) -> Result<Option<AlertRecord>, StateError> {
    let sql = format!("SELECT {COLUMNS} FROM alerts WHERE id = ?1");
    connection.query_row(&sql, [id], read).optional()?.map(finish).transpose()
}

#[cfg(test)]
pub(crate) mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    pub(crate) fn detection(id: &str) -> Detection {
        Detection {
            id: id.to_owned(),
            name: format!("TCP SYN scan of 10.0.0.5 from 10.0.0.9 ({id})"),
            source_ips: vec!["10.0.0.9".parse().unwrap()],
            target_ips: vec!["10.0.0.5".parse().unwrap()],
            detected_at: Time(1_000_000),
            severity: Severity::Medium,
            probes: 20,
            direction: "inbound".to_owned(),
            ..empty_detection()
        }
    }

    #[test]
    fn one_campaign_is_one_alert_that_grows() {
        let store = Store::in_memory();
        let mut campaign = detection("c1");
        let opened = store.record_detection(&campaign, false, Time(10)).unwrap();
        assert!(opened.new && opened.alert.life.active);
        assert_eq!(opened.alert.life.status, "new");
        campaign.change = CampaignChange::Updated;
        campaign.probes = 1000;
        campaign.severity = Severity::High;
        let grown = store.record_detection(&campaign, false, Time(20)).unwrap();
        assert!(!grown.new);
        assert_eq!(grown.alert.life.alert_id, opened.alert.life.alert_id);
        assert_eq!(grown.alert.detection.probes, 1000);
        campaign.change = CampaignChange::Closed;
        let ended = store.record_detection(&campaign, false, Time(30)).unwrap();
        assert!(!ended.alert.life.active);
        assert_eq!(ended.alert.life.status, "new", "the end of a scan is not the end of its alert");
        let history = store.history(ended.alert.life.alert_id).unwrap();
        let fields: Vec<_> = history.iter().map(|change| change.field.as_str()).collect();
        assert_eq!(fields, ["created", "severity", "active"]);
    }

    #[test]
    fn a_self_test_is_closed_from_the_start() {
        let store = Store::in_memory();
        let stored = store.record_detection(&detection("c1"), true, Time(10)).unwrap();
        assert_eq!(stored.alert.life.status, "closed");
        assert_eq!(stored.alert.life.resolution.as_deref(), Some(SELF_TEST));
        assert!(stored.alert.self_test && stored.alert.closed_at == Some(Time(10)));
    }

    #[test]
    fn a_restart_ends_what_was_active_and_says_so() {
        let store = Store::in_memory();
        let id = store.record_detection(&detection("c1"), false, Time(10)).unwrap().alert.life.alert_id;
        assert_eq!(store.settle_after_restart(Time(99)).unwrap(), 1);
        assert_eq!(store.settle_after_restart(Time(100)).unwrap(), 0);
        let alert = store.alert(id).unwrap().unwrap();
        assert!(!alert.life.active && alert.life.updated_at == Time(99));
        let last = store.history(id).unwrap().pop().unwrap();
        assert!(last.note.unwrap().contains("restarted"));
    }

    #[test]
    fn survives_the_file_being_closed() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("state.db");
        let store = Store::open(&path).unwrap();
        store.record_detection(&detection("c1"), false, Time(10)).unwrap();
        drop(store);
        let again = Store::open(&path).unwrap();
        assert_eq!(again.alert_of("c1").unwrap().unwrap().detection, detection("c1"));
        assert_eq!(again.alert_of("c2").unwrap(), None);
    }
}
