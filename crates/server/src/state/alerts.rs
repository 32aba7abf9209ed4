//! Alerts as they are made: one a campaign, growing with it; one a finding of a correlation rule or
//! of another product.

use super::life_cycle::{Edit, Resolution, Status, edit_in, write_change};
use super::{StateError, Store, exclusions, grouping, views};
use rusqlite::{Connection, OptionalExtension, Row, Transaction, params};
use vedette_event::datasets::alerts::LifeCycle;
use vedette_event::{AlertSource, Change as CampaignChange, Detection, Finding, Severity, Subject, Time};

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
    pub subject: Subject,
}

impl AlertRecord {
    /// An alert that is kept nowhere, about a finding.
    pub fn made_up(finding: Finding, now: Time) -> AlertRecord {
        let life = LifeCycle {
            alert_id: 0,
            created_at: now,
            updated_at: now,
            status: Status::New.as_str().to_owned(),
            resolution: None,
            assignee: None,
            active: false,
            duplicates: 0,
            severity: None,
            incident_id: None,
            excluded_by: None,
        };
        AlertRecord { life, self_test: false, closed_at: None, comment_count: 0, subject: finding.into() }
    }

    /// What a person said, else what the detector or rule says.
    pub fn severity(&self) -> Severity {
        self.life.severity.unwrap_or_else(|| self.subject.severity())
    }
}

/// What storing a detection or a finding did.
#[derive(Clone, Debug, PartialEq)]
pub struct Stored {
    pub alert: AlertRecord,
    /// Nobody has seen it before: it was made, or came out of hiding.
    pub new: bool,
}

pub(super) const COLUMNS: &str = "id, created_at, updated_at, status, resolution, assignee, active, \
     self_test, closed_at, (SELECT count(*) FROM alert_comments c WHERE c.alert_id = alerts.id), \
     duplicates, source, subject, manual_severity, incident_id, excluded_by";

/// An alert as it stands in its row: the subject still as text.
pub(super) struct Raw {
    life: LifeCycle,
    self_test: bool,
    closed_at: Option<Time>,
    comment_count: i64,
    source: String,
    subject: String,
}

pub(super) fn read(row: &Row<'_>) -> rusqlite::Result<Raw> {
    let life = LifeCycle {
        alert_id: row.get(0)?,
        created_at: Time(row.get(1)?),
        updated_at: Time(row.get(2)?),
        status: row.get(3)?,
        resolution: row.get(4)?,
        assignee: row.get(5)?,
        active: row.get(6)?,
        duplicates: row.get(10)?,
        severity: row.get::<_, Option<i64>>(13)?.map(severity_of_rank),
        incident_id: row.get(14)?,
        excluded_by: row.get(15)?,
    };
    Ok(Raw {
        life,
        self_test: row.get(7)?,
        closed_at: row.get::<_, Option<i64>>(8)?.map(Time),
        comment_count: row.get(9)?,
        source: row.get(11)?,
        subject: row.get(12)?,
    })
}

/// Reads the subject out of its text.
pub(super) fn finish(raw: Raw) -> Result<AlertRecord, StateError> {
    let subject = match AlertSource::parse(&raw.source) {
        Some(AlertSource::Detection) => Subject::from(serde_json::from_str::<Detection>(&raw.subject)?),
        _ => Subject::from(serde_json::from_str::<Finding>(&raw.subject)?),
    };
    Ok(AlertRecord {
        life: raw.life,
        self_test: raw.self_test,
        closed_at: raw.closed_at,
        comment_count: raw.comment_count,
        subject,
    })
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

/// Longest text that free-text search looks in, in bytes.
const SEARCHED: usize = 16 * 1024;

/// What free-text search looks in: lower case, names and addresses included.
fn search_text(subject: &Subject) -> String {
    let mut text = format!("{}\n{}\n{}", subject.name(), subject.summary(), subject.category());
    let mut more: Vec<String> = Vec::new();
    match subject {
        Subject::Detection(d) => {
            more.push(d.tool.name.clone());
            more.extend(d.source_ips.iter().chain(&d.candidate_ips).map(ToString::to_string));
        }
        Subject::Finding(finding) => {
            more.extend(finding.rule.iter().map(|rule| rule.rule_name.clone()));
            more.extend(finding.hosts.iter().chain(&finding.users).cloned());
            more.extend(finding.source_ips.iter().map(ToString::to_string));
        }
    }
    more.extend(subject.target_ips().iter().map(ToString::to_string));
    for part in more {
        if text.len() + part.len() > SEARCHED {
            break;
        }
        text.push('\n');
        text.push_str(&part);
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
        let joined = if self_test { None } else { views::record(&transaction, detection, now)? };
        let stored = match joined {
            Some(stored) => stored,
            None => {
                let own = detection.change != CampaignChange::Closed;
                let active = own || views::goes_on(&transaction, &detection.id)?;
                let subject = Subject::from(detection.clone());
                let stored = record(&transaction, &NewAlert { subject: &subject, active, self_test }, now)?;
                close_part(&transaction, stored, detection, now)?
            }
        };
        transaction.commit()?;
        Ok(stored)
    }

    /// Opens an alert for what another product found. A finding whose key already has an alert
    /// brings that alert up to date; what people set stays.
    pub fn record_finding(&self, finding: &Finding, now: Time) -> Result<Stored, StateError> {
        let mut connection = self.lock();
        let transaction = connection.transaction()?;
        let stored = record_finding_in(&transaction, finding, now)?;
        transaction.commit()?;
        Ok(stored)
    }

    pub fn alert(&self, id: i64) -> Result<Option<AlertRecord>, StateError> {
        load(&self.lock(), id)
    }

    /// The alert of a campaign, by the identifier of its detection, also where it is a view of another's;
    /// of a finding, by
    /// [`Subject::key`].
    pub fn alert_of(&self, key: &str) -> Result<Option<AlertRecord>, StateError> {
        let connection = self.lock();
        let known = known_alert(&connection, key)?.map(|known| known.id);
        let id = known.map_or_else(|| views::alert_of(&connection, key), |id| Ok(Some(id)))?;
        id.map_or(Ok(None), |id| load(&connection, id))
    }

    /// At start: of campaigns that were going on when the server stopped, only those that the detector
    /// remembers are `followed`; the alerts of the others must not claim that they go on. Returns how
    /// many there were.
    pub fn settle_after_restart(&self, followed: &[String], now: Time) -> Result<usize, StateError> {
        let mut connection = self.lock();
        let transaction = connection.transaction()?;
        let followed = serde_json::to_string(followed)?;
        let lost = "active AND subject_key NOT IN (SELECT value FROM json_each(?1))";
        transaction.execute(
            &format!(
                "INSERT INTO alert_history (alert_id, time, actor, field, old, new, note)
                 SELECT id, ?2, ?3, 'active', 'true', 'false', ?4 FROM alerts WHERE {lost}"
            ),
            params![followed, now.0, OURSELVES, "Vedette restarted; a scan that goes on opens a new alert"],
        )?;
        let sql = format!("UPDATE alerts SET active = 0, updated_at = ?2 WHERE {lost}");
        let settled = transaction.execute(&sql, params![followed, now.0])?;
        transaction.execute("UPDATE alert_views SET active = 0", [])?;
        transaction.commit()?;
        Ok(settled)
    }
}

/// Closes the alert of a campaign that turned out to be part of another, which has its own: unless a
/// person has taken it up.
fn close_part(
    transaction: &Transaction<'_>,
    stored: Stored,
    detection: &Detection,
    now: Time,
) -> Result<Stored, StateError> {
    let Some(whole) = &detection.part_of else { return Ok(stored) };
    let life = &stored.alert.life;
    if life.status != Status::New.as_str() || life.assignee.is_some() {
        return Ok(stored);
    }
    let whole = known_alert(transaction, whole)?.map(|known| format!("alert {}", known.id));
    let comment = format!("Part of {}.", whole.as_deref().unwrap_or("another campaign"));
    let edit = Edit {
        status: Some(Status::Closed),
        resolution: Some(Resolution::Duplicate),
        comment: Some(&comment),
        ..Edit::default()
    };
    let alert = edit_in(transaction, life.alert_id, &edit, OURSELVES, now)?;
    Ok(Stored { alert: alert.unwrap_or(stored.alert), new: stored.new })
}

/// [`Store::record_finding`] inside a transaction that does more.
pub(super) fn record_finding_in(
    transaction: &Transaction<'_>,
    finding: &Finding,
    now: Time,
) -> Result<Stored, StateError> {
    let new = NewAlert { subject: &Subject::from(finding.clone()), active: false, self_test: false };
    record(transaction, &new, now)
}

/// What an alert is made of, or brought up to date with.
pub(super) struct NewAlert<'a> {
    pub(super) subject: &'a Subject,
    pub(super) active: bool,
    pub(super) self_test: bool,
}

fn record(transaction: &Transaction<'_>, new: &NewAlert<'_>, now: Time) -> Result<Stored, StateError> {
    let before = known_alert(transaction, &new.subject.key())?;
    let (id, shown) = match before {
        None => (insert(transaction, new, now)?, true),
        Some(ref known) => (known.id, update(transaction, known, new, now)?),
    };
    let alert = load(transaction, id)?.ok_or(StateError::Invalid("the alert vanished"))?;
    Ok(Stored { alert, new: shown })
}

/// What is needed of an alert to see what its subject changes.
pub(super) struct Known {
    id: i64,
    active: bool,
    severity: i64,
    /// A person set the severity: it stays.
    severity_set: bool,
    excluded_by: Option<i64>,
}

pub(super) fn known_alert(connection: &Connection, key: &str) -> Result<Option<Known>, StateError> {
    let sql = "SELECT id, active, severity, manual_severity IS NOT NULL, excluded_by FROM alerts
               WHERE subject_key = ?1";
    let known = connection
        .query_row(sql, [key], |row| {
            Ok(Known {
                id: row.get(0)?,
                active: row.get(1)?,
                severity: row.get(2)?,
                severity_set: row.get(3)?,
                excluded_by: row.get(4)?,
            })
        })
        .optional()?;
    Ok(known)
}

fn insert(transaction: &Transaction<'_>, new: &NewAlert<'_>, now: Time) -> Result<i64, StateError> {
    let (subject, self_test) = (new.subject, new.self_test);
    let status = if self_test { Status::Closed } else { Status::New };
    let excluded = match self_test {
        true => None,
        false => exclusions::judge(transaction, subject, subject.severity(), None, now)?,
    };
    transaction.execute(
        "INSERT INTO alerts (subject_key, status, resolution, active, self_test, created_at, updated_at,
             closed_at, detected_at, severity, probes, search, subject, source, rule_id, excluded_by)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15)",
        params![
            subject.key(),
            status.as_str(),
            self_test.then_some(SELF_TEST),
            new.active,
            self_test,
            now.0,
            self_test.then_some(now.0),
            subject.detected_at().0,
            severity_rank(subject.severity()),
            i64::try_from(subject.count()).unwrap_or(i64::MAX),
            search_text(subject),
            serde_json::to_string(subject)?,
            subject.source().as_str(),
            subject.rule().map(|rule| rule.rule_id),
            excluded,
        ],
    )?;
    let id = transaction.last_insert_rowid();
    let note = self_test.then_some("closed by Vedette: its own self-test made it");
    write_change(transaction, id, now, OURSELVES, "created", None, Some(status.as_str()), note)?;
    match excluded {
        Some(exclusion) => exclusions::note_hidden(transaction, id, exclusion, OURSELVES, now)?,
        None if self_test => {}
        None => grouping::join(transaction, id, subject, now)?,
    }
    Ok(id)
}

/// True when the alert was hidden and is so no more.
pub(super) fn update(
    transaction: &Transaction<'_>,
    known: &Known,
    new: &NewAlert<'_>,
    now: Time,
) -> Result<bool, StateError> {
    let (subject, active) = (new.subject, new.active);
    let severity = severity_rank(subject.severity());
    transaction.execute(
        "UPDATE alerts SET active = ?2, updated_at = ?3, severity = coalesce(manual_severity, ?4), probes = ?5, search = ?6,
             subject = ?7 WHERE id = ?1",
        params![
            known.id,
            active,
            now.0,
            severity,
            i64::try_from(subject.count()).unwrap_or(i64::MAX),
            search_text(subject),
            serde_json::to_string(subject)?,
        ],
    )?;
    if known.active != active {
        let (old, new) = (known.active.to_string(), active.to_string());
        write_change(transaction, known.id, now, OURSELVES, "active", Some(&old), Some(&new), None)?;
    }
    if known.severity != severity && !known.severity_set {
        let (old, new) = (severity_of_rank(known.severity).as_str(), subject.severity().as_str());
        write_change(transaction, known.id, now, OURSELVES, "severity", Some(old), Some(new), None)?;
    }
    if let Some(exclusion) = known.excluded_by {
        let severity = if known.severity_set { severity_of_rank(known.severity) } else { subject.severity() };
        return exclusions::judge_again(transaction, known.id, exclusion, subject, severity, now);
    }
    grouping::follow(transaction, known.id, subject, now)?;
    Ok(false)
}

/// The severity of a rank; the lowest for what is none.
pub(super) fn severity_of_rank(rank: i64) -> Severity {
    [Severity::Low, Severity::Medium, Severity::High, Severity::Critical]
        .into_iter()
        .find(|severity| severity_rank(*severity) == rank)
        .unwrap_or(Severity::Informational)
}

pub(super) fn load(connection: &Connection, id: i64) -> Result<Option<AlertRecord>, StateError> {
    let sql = format!("SELECT {COLUMNS} FROM alerts WHERE id = ?1");
    connection.query_row(&sql, [id], read).optional()?.map(finish).transpose()
}

#[cfg(test)]
pub(crate) mod tests;
