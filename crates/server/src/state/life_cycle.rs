//! What people do to an alert: status, resolution, assignee, comments; and the history of it all.

use super::alerts::{AlertRecord, load, severity_rank};
use super::{StateError, Store};
use rusqlite::{Connection, OptionalExtension, Row, params};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use vedette_event::{Severity, Time};

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    New,
    InProgress,
    Closed,
}

impl Status {
    pub const ALL: [Status; 3] = [Status::New, Status::InProgress, Status::Closed];

    pub fn as_str(self) -> &'static str {
        match self {
            Status::New => "new",
            Status::InProgress => "in_progress",
            Status::Closed => "closed",
        }
    }
}

/// Why a person closed an alert.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Resolution {
    TruePositive,
    Benign,
    FalsePositive,
    Duplicate,
    KnownScanner,
    Other,
}

impl Resolution {
    pub fn as_str(self) -> &'static str {
        match self {
            Resolution::TruePositive => "true_positive",
            Resolution::Benign => "benign",
            Resolution::FalsePositive => "false_positive",
            Resolution::Duplicate => "duplicate",
            Resolution::KnownScanner => "known_scanner",
            Resolution::Other => "other",
        }
    }
}

/// One line of an alert's history.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
#[schema(as = AlertChange)]
pub struct Change {
    #[schema(value_type = String, format = DateTime)]
    pub time: Time,
    /// A user, a token's name, or `vedette` for the server itself.
    pub actor: String,
    /// `created`, `status`, `resolution`, `assignee`, `severity`, `active`, `seen_by`, `excluded` or `comment`.
    pub field: String,
    pub old: Option<String>,
    pub new: Option<String>,
    pub note: Option<String>,
}

impl Change {
    /// Of time, actor, field, old, new and note.
    pub(super) fn read(row: &Row<'_>) -> rusqlite::Result<Change> {
        Ok(Change {
            time: Time(row.get(0)?),
            actor: row.get(1)?,
            field: row.get(2)?,
            old: row.get(3)?,
            new: row.get(4)?,
            note: row.get(5)?,
        })
    }
}

#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct Comment {
    pub id: i64,
    pub author: String,
    #[schema(value_type = String, format = DateTime)]
    pub created_at: Time,
    pub text: String,
}

/// What a person wants changed; what is absent stays.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Edit<'a> {
    pub status: Option<Status>,
    pub resolution: Option<Resolution>,
    /// `Some(None)` takes the assignee away.
    pub assignee: Option<Option<&'a str>>,
    pub severity: Option<Severity>,
    pub comment: Option<&'a str>,
}

/// Longest comment, in characters, and most comments of one alert.
pub const LONGEST_COMMENT: usize = 10_000;
const MOST_COMMENTS: i64 = 1000;

#[allow(clippy::too_many_arguments)]
pub(super) fn write_change(
    connection: &Connection,
    alert_id: i64,
    time: Time,
    actor: &str,
    field: &str,
    old: Option<&str>,
    new: Option<&str>,
    note: Option<&str>,
) -> Result<(), StateError> {
    connection.execute(
        "INSERT INTO alert_history (alert_id, time, actor, field, old, new, note)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
        params![alert_id, time.0, actor, field, old, new, note],
    )?;
    Ok(())
}

impl Store {
    /// Applies an edit in one step and writes its history; `None` when there is no such alert.
    pub fn edit_alert(
        &self,
        id: i64,
        edit: &Edit<'_>,
        actor: &str,
        now: Time,
    ) -> Result<Option<AlertRecord>, StateError> {
        let mut connection = self.lock();
        let transaction = connection.transaction()?;
        let after = edit_in(&transaction, id, edit, actor, now)?;
        transaction.commit()?;
        Ok(after)
    }

    /// Applies an edit to several alerts, or to none of them: the numbers of those there are.
    pub fn edit_alerts(
        &self,
        ids: &[i64],
        edit: &Edit<'_>,
        actor: &str,
        now: Time,
    ) -> Result<Vec<AlertRecord>, StateError> {
        let mut connection = self.lock();
        let transaction = connection.transaction()?;
        let mut edited = Vec::new();
        for id in ids {
            edited.extend(edit_in(&transaction, *id, edit, actor, now)?);
        }
        transaction.commit()?;
        Ok(edited)
    }

    /// `None` when there is no such alert.
    pub fn add_comment(
        &self,
        id: i64,
        text: &str,
        author: &str,
        now: Time,
    ) -> Result<Option<Comment>, StateError> {
        let edit = Edit { comment: Some(text), ..Edit::default() };
        if self.edit_alert(id, &edit, author, now)?.is_none() {
            return Ok(None);
        }
        Ok(self.comments(id)?.pop())
    }

    /// Oldest first; empty for an alert that does not exist.
    pub fn comments(&self, id: i64) -> Result<Vec<Comment>, StateError> {
        let connection = self.lock();
        let mut statement = connection.prepare(
            "SELECT id, author, created_at, text FROM alert_comments WHERE alert_id = ?1 ORDER BY id",
        )?;
        let comments = statement
            .query_map([id], |row| {
                Ok(Comment {
                    id: row.get(0)?,
                    author: row.get(1)?,
                    created_at: Time(row.get(2)?),
                    text: row.get(3)?,
                })
            })?
            .collect::<Result<_, _>>()?;
        Ok(comments)
    }

    /// Oldest first, at most the latest 1,000 changes.
    pub fn history(&self, id: i64) -> Result<Vec<Change>, StateError> {
        let connection = self.lock();
        let mut statement = connection.prepare(
            "SELECT time, actor, field, old, new, note FROM
                 (SELECT * FROM alert_history WHERE alert_id = ?1 ORDER BY id DESC LIMIT 1000)
             ORDER BY id",
        )?;
        let history = statement.query_map([id], Change::read)?.collect::<Result<_, _>>()?;
        Ok(history)
    }
}

/// [`Store::edit_alert`] inside a transaction that does more.
pub(super) fn edit_in(
    transaction: &Connection,
    id: i64,
    edit: &Edit<'_>,
    actor: &str,
    now: Time,
) -> Result<Option<AlertRecord>, StateError> {
    let Some(before) = load(transaction, id)? else { return Ok(None) };
    let change = Editing { transaction, id, actor, now };
    change.status(&before, edit)?;
    if let Some(assignee) = edit.assignee {
        change.assignee(&before, assignee)?;
    }
    if let Some(severity) = edit.severity {
        change.severity(&before, severity)?;
    }
    if let Some(text) = edit.comment {
        change.comment(text)?;
    }
    transaction.execute("UPDATE alerts SET updated_at = ?2 WHERE id = ?1", params![id, now.0])?;
    load(transaction, id)
}

/// Whether this user can be given work.
pub(super) fn known_assignee(connection: &Connection, assignee: Option<&str>) -> Result<(), StateError> {
    let Some(name) = assignee else { return Ok(()) };
    let sql = "SELECT 1 FROM users WHERE username = ?1";
    let known = connection.query_row(sql, [name], |_| Ok(())).optional()?;
    known.ok_or(StateError::Invalid("there is no such user to assign it to"))
}

struct Editing<'a> {
    transaction: &'a Connection,
    id: i64,
    actor: &'a str,
    now: Time,
}

impl Editing<'_> {
    /// Status and resolution belong together: closed alerts have a reason, the others have none.
    fn status(&self, before: &AlertRecord, edit: &Edit<'_>) -> Result<(), StateError> {
        let status = edit.status.map_or(before.life.status.as_str(), |status| status.as_str());
        let closed = status == Status::Closed.as_str();
        let was_closed = before.life.status == Status::Closed.as_str();
        let resolution = match edit.resolution {
            Some(resolution) if closed => Some(resolution.as_str()),
            Some(_) => return Err(StateError::Invalid("only a closed alert has a resolution")),
            None if closed && was_closed => before.life.resolution.as_deref(),
            None if closed => return Err(StateError::Invalid("closing an alert needs a resolution")),
            None => None,
        };
        let closed_at = match (closed, was_closed) {
            (false, _) => None,
            (true, true) => before.closed_at,
            (true, false) => Some(self.now),
        };
        self.transaction.execute(
            "UPDATE alerts SET status = ?2, resolution = ?3, closed_at = ?4 WHERE id = ?1",
            params![self.id, status, resolution, closed_at.map(|time| time.0)],
        )?;
        self.note("status", Some(&before.life.status), Some(status))?;
        self.note("resolution", before.life.resolution.as_deref(), resolution)
    }

    fn assignee(&self, before: &AlertRecord, assignee: Option<&str>) -> Result<(), StateError> {
        known_assignee(self.transaction, assignee)?;
        self.transaction
            .execute("UPDATE alerts SET assignee = ?2 WHERE id = ?1", params![self.id, assignee])?;
        self.note("assignee", before.life.assignee.as_deref(), assignee)
    }

    /// What a person says of it stays, whatever the campaign does.
    fn severity(&self, before: &AlertRecord, severity: Severity) -> Result<(), StateError> {
        self.transaction.execute(
            "UPDATE alerts SET manual_severity = ?2, severity = ?2 WHERE id = ?1",
            params![self.id, severity_rank(severity)],
        )?;
        self.transaction.execute(
            "UPDATE incidents SET severity = (SELECT max(severity) FROM alerts WHERE incident_id = incidents.id)
             WHERE id = (SELECT incident_id FROM alerts WHERE id = ?1)",
            [self.id],
        )?;
        self.note("severity", Some(before.severity().as_str()), Some(severity.as_str()))
    }

    fn comment(&self, text: &str) -> Result<(), StateError> {
        let text = text.trim();
        if text.is_empty() || text.chars().count() > LONGEST_COMMENT {
            return Err(StateError::Invalid("a comment has 1 to 10,000 characters"));
        }
        let count: i64 = self.transaction.query_row(
            "SELECT count(*) FROM alert_comments WHERE alert_id = ?1",
            [self.id],
            |row| row.get(0),
        )?;
        if count >= MOST_COMMENTS {
            return Err(StateError::Invalid("an alert holds at most 1,000 comments"));
        }
        self.transaction.execute(
            "INSERT INTO alert_comments (alert_id, author, created_at, text) VALUES (?1, ?2, ?3, ?4)",
            params![self.id, self.actor, self.now.0, text],
        )?;
        let number = self.transaction.last_insert_rowid().to_string();
        self.note("comment", None, Some(&number))
    }

    fn note(&self, field: &str, old: Option<&str>, new: Option<&str>) -> Result<(), StateError> {
        if old == new {
            return Ok(());
        }
        write_change(self.transaction, self.id, self.now, self.actor, field, old, new, None)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::super::alerts::tests::detection;
    use super::*;
    use crate::access::Role;

    fn store_with_alert() -> (Store, i64) {
        let store = Store::in_memory();
        store.add_user("ada", "correct horse battery", Role::Analyst, Time(0)).unwrap();
        let stored = store.record_detection(&detection("c1"), false, Time(1)).unwrap();
        (store, stored.alert.life.alert_id)
    }

    fn close(resolution: Option<Resolution>) -> Edit<'static> {
        Edit { status: Some(Status::Closed), resolution, ..Edit::default() }
    }

    #[test]
    fn closing_needs_a_reason_and_reopening_takes_it_away() {
        let (store, id) = store_with_alert();
        assert!(matches!(store.edit_alert(id, &close(None), "ada", Time(2)), Err(StateError::Invalid(_))));
        let closed = store.edit_alert(id, &close(Some(Resolution::Benign)), "ada", Time(3)).unwrap().unwrap();
        assert_eq!(closed.life.resolution.as_deref(), Some("benign"));
        assert_eq!(closed.closed_at, Some(Time(3)));
        let edit = Edit { status: Some(Status::InProgress), ..Edit::default() };
        let open = store.edit_alert(id, &edit, "ada", Time(4)).unwrap().unwrap();
        assert_eq!((open.life.resolution, open.closed_at), (None, None));
        let history = store.history(id).unwrap();
        let told: Vec<_> = history
            .iter()
            .map(|c| (c.actor.as_str(), c.field.as_str(), c.old.as_deref(), c.new.as_deref()))
            .collect();
        assert_eq!(
            told,
            [
                ("vedette", "created", None, Some("new")),
                ("ada", "status", Some("new"), Some("closed")),
                ("ada", "resolution", None, Some("benign")),
                ("ada", "status", Some("closed"), Some("in_progress")),
                ("ada", "resolution", Some("benign"), None),
            ]
        );
    }

    #[test]
    fn a_refused_edit_changes_nothing() {
        let (store, id) = store_with_alert();
        let edit = Edit {
            status: Some(Status::InProgress),
            assignee: Some(Some("nobody")),
            comment: Some("mine"),
            ..Edit::default()
        };
        assert!(store.edit_alert(id, &edit, "ada", Time(2)).is_err());
        assert_eq!(store.alert(id).unwrap().unwrap().life.status, "new");
        assert!(store.comments(id).unwrap().is_empty());
        assert!(store.edit_alert(99, &Edit::default(), "ada", Time(2)).unwrap().is_none());
    }

    #[test]
    fn comments_and_assignees_are_kept() {
        let (store, id) = store_with_alert();
        let comment = store.add_comment(id, "  '; DROP TABLE alerts; --  ", "ada", Time(2)).unwrap().unwrap();
        assert_eq!(comment.text, "'; DROP TABLE alerts; --");
        assert!(store.add_comment(id, " ", "ada", Time(2)).is_err());
        assert!(store.add_comment(id, &"x".repeat(LONGEST_COMMENT + 1), "ada", Time(2)).is_err());
        let edit = Edit { assignee: Some(Some("ada")), ..Edit::default() };
        let alert = store.edit_alert(id, &edit, "ada", Time(3)).unwrap().unwrap();
        assert_eq!((alert.life.assignee.as_deref(), alert.comment_count), (Some("ada"), 1));
        let edit = Edit { assignee: Some(None), ..Edit::default() };
        assert_eq!(store.edit_alert(id, &edit, "ada", Time(4)).unwrap().unwrap().life.assignee, None);
    }

    #[test]
    fn a_severity_that_a_person_set_stays() {
        let (store, id) = store_with_alert();
        let edit = Edit { severity: Some(Severity::Low), ..Edit::default() };
        store.edit_alert(id, &edit, "ada", Time(2)).unwrap();
        let mut worse = detection("c1");
        worse.severity = Severity::Critical;
        let alert = store.record_detection(&worse, false, Time(3)).unwrap().alert;
        assert_eq!((alert.severity(), alert.subject.severity()), (Severity::Low, Severity::Critical));
        let told: Vec<_> = store.history(id).unwrap().into_iter().map(|change| change.field).collect();
        assert_eq!(told, ["created", "severity"]);
        assert_eq!(store.edit_alerts(&[id, 99], &edit, "ada", Time(4)).unwrap().len(), 1);
    }

    #[test]
    fn the_campaign_does_not_undo_what_a_person_did() {
        let (store, id) = store_with_alert();
        store.edit_alert(id, &close(Some(Resolution::KnownScanner)), "ada", Time(2)).unwrap();
        let stored = store.record_detection(&detection("c1"), false, Time(5)).unwrap();
        assert_eq!(stored.alert.life.alert_id, id);
        assert_eq!(stored.alert.life.resolution.as_deref(), Some("known_scanner"));
    }
}
