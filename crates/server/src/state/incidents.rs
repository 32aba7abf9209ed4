//! Incidents: lists, one with its alerts and history, and what people do to them.

use super::alert_list::Conditions;
use super::alerts::{AlertRecord, COLUMNS, finish, read, severity_of_rank, severity_rank};
use super::life_cycle::{Change, Edit, Resolution, Status, edit_in};
use super::{StateError, Store};
use rusqlite::types::Value;
use rusqlite::{Connection, OptionalExtension, Row, Transaction, params, params_from_iter};
use vedette_event::datasets::incidents::Incident;
use vedette_event::{Severity, Time};

/// Longest note of a person, in characters.
const LONGEST_NOTE: usize = 10_000;
/// All conditions must hold; an empty list or `None` is no condition.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct IncidentFilter {
    pub ids: Option<Vec<i64>>,
    pub status: Vec<Status>,
    pub not_status: Vec<Status>,
    pub resolution: Vec<String>,
    pub severity: Vec<Severity>,
    pub starred: Option<bool>,
    pub assignee: Option<String>,
    /// Looked for in the text of its alerts: one of these.
    pub text: Vec<String>,
    /// Source of an alert: `detection`, `correlation` or `external`.
    pub raised_by: Option<Vec<String>>,
    pub created: (Option<Time>, Option<Time>),
    pub updated: (Option<Time>, Option<Time>),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IncidentSort {
    CreatedAt,
    UpdatedAt,
    Severity,
}

/// What a person wants changed; what is absent stays.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct IncidentEdit<'a> {
    pub status: Option<Status>,
    pub resolution: Option<Resolution>,
    /// `Some(None)` takes the assignee away.
    pub assignee: Option<Option<&'a str>>,
    pub severity: Option<Severity>,
    pub starred: Option<bool>,
    pub comment: Option<&'a str>,
    pub resolve_comment: Option<&'a str>,
}

/// An incident with what only one of them needs.
#[derive(Clone, Debug, PartialEq)]
pub struct IncidentRecord {
    pub incident: Incident,
    pub resolve_comment: Option<String>,
}

pub struct IncidentPage {
    pub incidents: Vec<IncidentRecord>,
    /// Incidents that match, on all pages.
    pub total: u64,
}

const FACTS: &str = "i.id, i.status, i.resolution, i.resolve_comment, i.assignee, i.severity,
    i.manual_severity, i.starred, i.created_at, i.updated_at, i.closed_at, i.first_alert_at,
    i.last_alert_at,
    (SELECT json_extract(a.subject, '$.name') FROM alerts a WHERE a.incident_id = i.id ORDER BY a.id LIMIT 1),
    (SELECT json_group_array(severity) FROM alerts a WHERE a.incident_id = i.id),
    (SELECT json_group_array(id) FROM (SELECT id FROM alerts a WHERE a.incident_id = i.id ORDER BY id LIMIT 1000)),
    (SELECT json_group_array(party) FROM incident_parties p WHERE p.incident_id = i.id AND p.role = 'source'),
    (SELECT json_group_array(party) FROM incident_parties p WHERE p.incident_id = i.id AND p.role = 'victim')";

fn fact(row: &Row<'_>) -> rusqlite::Result<IncidentRecord> {
    let moment = |column| Ok::<_, rusqlite::Error>(Time(row.get(column)?));
    let list = |column: usize| {
        let text: String = row.get(column)?;
        let broken = |error: serde_json::Error| {
            rusqlite::Error::FromSqlConversionFailure(column, rusqlite::types::Type::Text, error.into())
        };
        serde_json::from_str::<serde_json::Value>(&text).map_err(broken)
    };
    let texts = |column| {
        let list = list(column)?;
        let names = list.as_array().into_iter().flatten().filter_map(|name| name.as_str());
        Ok::<Vec<String>, rusqlite::Error>(names.map(str::to_owned).collect())
    };
    let numbers = |column| {
        let list = list(column)?;
        let numbers = list.as_array().into_iter().flatten().filter_map(serde_json::Value::as_i64);
        Ok::<Vec<i64>, rusqlite::Error>(numbers.collect())
    };
    let mut by_severity = [0; 5];
    for rank in numbers(14)? {
        if let Some(slot) = usize::try_from(rank).ok().and_then(|rank| by_severity.get_mut(rank)) {
            *slot += 1;
        }
    }
    let alert_count: i64 = by_severity.iter().sum();
    let first: Option<String> = row.get(13)?;
    let incident = Incident {
        incident_id: row.get(0)?,
        name: name(first.as_deref().unwrap_or("No alerts"), alert_count),
        status: row.get(1)?,
        resolution: row.get(2)?,
        assignee: row.get(4)?,
        severity: severity_of_rank(row.get(5)?),
        manual_severity: row.get::<_, Option<i64>>(6)?.map(severity_of_rank),
        starred: row.get(7)?,
        created_at: moment(8)?,
        updated_at: moment(9)?,
        closed_at: row.get::<_, Option<i64>>(10)?.map(Time),
        first_alert_at: moment(11)?,
        last_alert_at: moment(12)?,
        alert_count,
        by_severity,
        alert_ids: numbers(15)?,
        source_ips: texts(16)?,
        target_ips: texts(17)?,
    };
    Ok(IncidentRecord { incident, resolve_comment: row.get(3)? })
}

/// What an incident is called: its first alert, and how many more.
fn name(first: &str, alerts: i64) -> String {
    match alerts {
        ..=1 => first.to_owned(),
        2 => format!("{first}, and one more alert"),
        more => format!("{first}, and {} more alerts", more - 1),
    }
}

fn conditions(filter: &IncidentFilter) -> Conditions {
    let mut all = Conditions::default();
    let words =
        |list: &[Status]| list.iter().map(|word| Value::from(word.as_str().to_owned())).collect::<Vec<_>>();
    if let Some(ids) = &filter.ids {
        all.any_or_none("id", ids.iter().map(|id| Value::from(*id)));
    }
    all.any("status", words(&filter.status));
    all.none("status", words(&filter.not_status));
    all.any("resolution", filter.resolution.iter().cloned().map(Value::from));
    let ranks = filter.severity.iter().map(|severity| Value::from(severity_rank(*severity)));
    all.any("coalesce(manual_severity, severity)", ranks);
    if let Some(starred) = filter.starred {
        all.add("starred = ??", starred);
    }
    if let Some(name) = &filter.assignee {
        all.add("assignee = ??", name.clone());
    }
    if !filter.text.is_empty() {
        let places = all.places(filter.text.iter().map(|text| Value::from(text.to_lowercase())));
        let any: Vec<String> = places.iter().map(|place| format!("instr(a.search, {place}) > 0")).collect();
        all.push(format!(
            "EXISTS (SELECT 1 FROM alerts a WHERE a.incident_id = incidents.id AND ({}))",
            any.join(" OR ")
        ));
    }
    if let Some(sources) = &filter.raised_by {
        let places = all.places(sources.iter().cloned().map(Value::from)).join(", ");
        all.push(format!(
            "EXISTS (SELECT 1 FROM alerts a WHERE a.incident_id = incidents.id AND a.source IN ({places}))"
        ));
    }
    for (column, (from, to)) in [("created_at", filter.created), ("updated_at", filter.updated)] {
        if let Some(from) = from {
            all.add(&format!("{column} >= ??"), from.0);
        }
        if let Some(to) = to {
            all.add(&format!("{column} <= ??"), to.0);
        }
    }
    all
}

impl Store {
    /// One page of the incidents that match, from position `offset` on.
    pub fn list_incidents(
        &self,
        filter: &IncidentFilter,
        (sort, descending): (IncidentSort, bool),
        limit: u32,
        offset: u64,
    ) -> Result<IncidentPage, StateError> {
        let column = match sort {
            IncidentSort::CreatedAt => "created_at",
            IncidentSort::UpdatedAt => "updated_at",
            IncidentSort::Severity => "coalesce(manual_severity, severity)",
        };
        let direction = if descending { "DESC" } else { "ASC" };
        let conditions = conditions(filter);
        let (text, values) = conditions.parts();
        let connection = self.lock();
        let total: i64 = connection.query_row(
            &format!("SELECT count(*) FROM incidents WHERE {text}"),
            params_from_iter(values.iter()),
            |row| row.get(0),
        )?;
        // What is costly is computed for the rows of the page alone.
        let mut statement = connection.prepare(&format!(
            "SELECT {FACTS} FROM (SELECT *, row_number() OVER (ORDER BY {column} {direction}, id {direction}) AS place
                 FROM incidents WHERE {text} ORDER BY place LIMIT {limit} OFFSET {}) i ORDER BY place",
            i64::try_from(offset).unwrap_or(i64::MAX)
        ))?;
        let incidents =
            statement.query_map(params_from_iter(values.iter()), fact)?.collect::<Result<_, _>>()?;
        Ok(IncidentPage { incidents, total: total as u64 })
    }

    /// The latest incidents by number, for the `incidents` dataset; at most `limit`, oldest first.
    pub fn latest_incidents(&self, limit: u32) -> Result<Vec<Incident>, StateError> {
        let connection = self.lock();
        let sql = format!(
            "SELECT {FACTS} FROM (SELECT * FROM incidents ORDER BY id DESC LIMIT {limit}) i ORDER BY i.id"
        );
        let mut statement = connection.prepare(&sql)?;
        let found = statement.query_map([], fact)?;
        Ok(found.map(|record| record.map(|record| record.incident)).collect::<Result<_, _>>()?)
    }

    pub fn incident(&self, id: i64) -> Result<Option<IncidentRecord>, StateError> {
        load(&self.lock(), id)
    }

    /// The alerts of an incident, oldest first, at most `limit`.
    pub fn incident_alerts(&self, id: i64, limit: u32) -> Result<Vec<AlertRecord>, StateError> {
        let connection = self.lock();
        let sql = format!("SELECT {COLUMNS} FROM alerts WHERE incident_id = ?1 ORDER BY id LIMIT {limit}");
        let mut statement = connection.prepare(&sql)?;
        let mut alerts = Vec::new();
        for row in statement.query_map([id], read)? {
            alerts.push(finish(row?)?);
        }
        Ok(alerts)
    }

    /// Oldest first, at most the latest 1,000 changes.
    pub fn incident_history(&self, id: i64) -> Result<Vec<Change>, StateError> {
        let connection = self.lock();
        let mut statement = connection.prepare(
            "SELECT time, actor, field, old, new, note FROM
                 (SELECT * FROM incident_history WHERE incident_id = ?1 ORDER BY id DESC LIMIT 1000)
             ORDER BY id",
        )?;
        let history = statement.query_map([id], Change::read)?.collect::<Result<_, _>>()?;
        Ok(history)
    }

    /// Applies an edit in one step and writes its history; `None` when there is no such incident.
    /// Closing an incident closes its alerts that are open, for the same reason.
    pub fn edit_incident(
        &self,
        id: i64,
        edit: &IncidentEdit<'_>,
        actor: &str,
        now: Time,
    ) -> Result<Option<IncidentRecord>, StateError> {
        let mut connection = self.lock();
        let transaction = connection.transaction()?;
        let Some(before) = load(&transaction, id)? else { return Ok(None) };
        let editing = Editing { transaction: &transaction, id, actor, now };
        editing.status(&before.incident, edit)?;
        editing.rest(&before.incident, edit)?;
        transaction.execute("UPDATE incidents SET updated_at = ?2 WHERE id = ?1", params![id, now.0])?;
        let after = load(&transaction, id)?;
        transaction.commit()?;
        Ok(after)
    }
}

fn load(connection: &Connection, id: i64) -> Result<Option<IncidentRecord>, StateError> {
    let sql = format!("SELECT {FACTS} FROM incidents i WHERE i.id = ?1");
    Ok(connection.query_row(&sql, [id], fact).optional()?)
}

struct Editing<'a> {
    transaction: &'a Transaction<'a>,
    id: i64,
    actor: &'a str,
    now: Time,
}

impl Editing<'_> {
    fn status(&self, before: &Incident, edit: &IncidentEdit<'_>) -> Result<(), StateError> {
        let status = edit.status.map_or(before.status.as_str(), |status| status.as_str());
        let closed = status == Status::Closed.as_str();
        let was_closed = before.status == Status::Closed.as_str();
        let resolution = match edit.resolution {
            Some(resolution) if closed => Some(resolution.as_str()),
            Some(_) => return Err(StateError::Invalid("only a closed incident has a resolution")),
            None if closed && was_closed => before.resolution.as_deref(),
            None if closed => return Err(StateError::Invalid("closing an incident needs a resolution")),
            None => None,
        };
        let closed_at = match (closed, was_closed) {
            (false, _) => None,
            (true, true) => before.closed_at,
            (true, false) => Some(self.now),
        };
        self.transaction.execute(
            "UPDATE incidents SET status = ?2, resolution = ?3, closed_at = ?4 WHERE id = ?1",
            params![self.id, status, resolution, closed_at.map(|time| time.0)],
        )?;
        self.note("status", Some(&before.status), Some(status))?;
        self.note("resolution", before.resolution.as_deref(), resolution)?;
        if closed && !was_closed { self.close_alerts(edit.resolution) } else { Ok(()) }
    }

    fn close_alerts(&self, resolution: Option<Resolution>) -> Result<(), StateError> {
        let open: Vec<i64> = self
            .transaction
            .prepare("SELECT id FROM alerts WHERE incident_id = ?1 AND status <> 'closed'")?
            .query_map([self.id], |row| row.get(0))?
            .collect::<Result<_, _>>()?;
        let edit = Edit { status: Some(Status::Closed), resolution, ..Edit::default() };
        for alert in open {
            edit_in(self.transaction, alert, &edit, self.actor, self.now)?;
        }
        Ok(())
    }

    fn rest(&self, before: &Incident, edit: &IncidentEdit<'_>) -> Result<(), StateError> {
        if let Some(assignee) = edit.assignee {
            super::life_cycle::known_assignee(self.transaction, assignee)?;
            self.set("assignee", assignee)?;
            self.note("assignee", before.assignee.as_deref(), assignee)?;
        }
        if let Some(severity) = edit.severity {
            self.set("manual_severity", severity_rank(severity))?;
            self.note("severity", Some(before.effective_severity().as_str()), Some(severity.as_str()))?;
        }
        if let Some(starred) = edit.starred {
            self.set("starred", starred)?;
            self.note("starred", Some(&before.starred.to_string()), Some(&starred.to_string()))?;
        }
        if let Some(text) = edit.resolve_comment {
            let text = checked(text)?;
            self.set("resolve_comment", text)?;
            self.write("resolve_comment", None, None, Some(text))?;
        }
        match edit.comment {
            Some(text) => self.write("comment", None, None, Some(checked(text)?)),
            None => Ok(()),
        }
    }

    fn set(&self, column: &'static str, value: impl rusqlite::ToSql) -> Result<(), StateError> {
        let sql = format!("UPDATE incidents SET {column} = ?2 WHERE id = ?1");
        self.transaction.execute(&sql, params![self.id, value])?;
        Ok(())
    }

    fn note(&self, field: &str, old: Option<&str>, new: Option<&str>) -> Result<(), StateError> {
        if old == new { Ok(()) } else { self.write(field, old, new, None) }
    }

    fn write(
        &self,
        field: &str,
        old: Option<&str>,
        new: Option<&str>,
        note: Option<&str>,
    ) -> Result<(), StateError> {
        self.transaction.execute(
            "INSERT INTO incident_history (incident_id, time, actor, field, old, new, note)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
            params![self.id, self.now.0, self.actor, field, old, new, note],
        )?;
        Ok(())
    }
}

fn checked(text: &str) -> Result<&str, StateError> {
    let text = text.trim();
    match text.chars().count() {
        1..=LONGEST_NOTE => Ok(text),
        _ => Err(StateError::Invalid("a comment has 1 to 10,000 characters")),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::super::alerts::tests::{detection, finding};
    use super::*;
    use crate::access::Role;

    fn store() -> Store {
        let store = Store::in_memory();
        store.add_user("ada", "correct horse battery", Role::Analyst, Time(0)).unwrap();
        store.record_detection(&detection("a"), false, Time(10)).unwrap();
        let mut second = detection("b");
        second.severity = Severity::High;
        store.record_detection(&second, false, Time(20)).unwrap();
        let mut other = finding("c");
        other.source_ips = vec!["198.51.100.9".parse().unwrap()];
        other.target_ips = vec!["10.9.9.9".parse().unwrap()];
        store.record_finding(&other, Time(30)).unwrap();
        store
    }

    fn list(store: &Store, filter: &IncidentFilter) -> Vec<i64> {
        let page = store.list_incidents(filter, (IncidentSort::CreatedAt, false), 50, 0).unwrap();
        assert_eq!(page.total as usize, page.incidents.len());
        page.incidents.iter().map(|record| record.incident.incident_id).collect()
    }

    #[test]
    fn an_incident_sums_up_its_alerts() {
        let store = store();
        let first = store.incident(1).unwrap().unwrap().incident;
        assert_eq!(
            (first.alert_count, first.by_severity, first.alert_ids.clone()),
            (2, [0, 0, 1, 1, 0], vec![1, 2])
        );
        assert_eq!((first.severity, first.status.as_str()), (Severity::High, "new"));
        assert!(first.name.starts_with("TCP SYN scan") && first.name.ends_with("(a), and one more alert"));
        assert_eq!(
            (first.source_ips.join(","), first.target_ips.join(",")),
            ("10.0.0.9".into(), "10.0.0.5".into())
        );
        assert_eq!((first.created_at, first.updated_at), (Time(10), Time(20)));
        assert_eq!(store.incident_alerts(1, 1).unwrap().len(), 1);
        assert_eq!(store.latest_incidents(50).unwrap().len(), 2);
        assert!(store.incident(99).unwrap().is_none());
    }

    #[test]
    fn filters_narrow() {
        let store = store();
        let all = IncidentFilter::default();
        assert_eq!(list(&store, &all), [1, 2]);
        assert_eq!(list(&store, &IncidentFilter { ids: Some(vec![2, 7]), ..all.clone() }), [2]);
        assert_eq!(list(&store, &IncidentFilter { ids: Some(vec![]), ..all.clone() }), [0; 0]);
        assert_eq!(
            list(&store, &IncidentFilter { text: vec!["GUARD".into(), "odd".into()], ..all.clone() }),
            [2]
        );
        assert_eq!(list(&store, &IncidentFilter { text: vec!["%".into()], ..all.clone() }), [0; 0]);
        assert_eq!(
            list(&store, &IncidentFilter { raised_by: Some(vec!["external".into()]), ..all.clone() }),
            [2]
        );
        assert_eq!(list(&store, &IncidentFilter { created: (Some(Time(11)), None), ..all.clone() }), [2]);
        assert_eq!(list(&store, &IncidentFilter { updated: (None, Some(Time(29))), ..all.clone() }), [1]);
        assert_eq!(list(&store, &IncidentFilter { not_status: vec![Status::New], ..all.clone() }), [0; 0]);
        assert_eq!(list(&store, &IncidentFilter { severity: vec![Severity::High], ..all.clone() }), [1, 2]);
        let edit =
            IncidentEdit { severity: Some(Severity::Low), starred: Some(true), ..IncidentEdit::default() };
        store.edit_incident(2, &edit, "ada", Time(40)).unwrap();
        assert_eq!(list(&store, &IncidentFilter { severity: vec![Severity::Low], ..all.clone() }), [2]);
        assert_eq!(list(&store, &IncidentFilter { starred: Some(true), ..all.clone() }), [2]);
        let newest = store.list_incidents(&all, (IncidentSort::UpdatedAt, true), 1, 0).unwrap();
        assert_eq!((newest.incidents[0].incident.incident_id, newest.total), (2, 2));
    }

    #[test]
    fn closing_closes_its_alerts_and_history_says_who_and_why() {
        let store = store();
        let close = |resolution| IncidentEdit {
            status: Some(Status::Closed),
            resolution,
            resolve_comment: Some("seen and understood"),
            assignee: Some(Some("ada")),
            ..IncidentEdit::default()
        };
        assert!(store.edit_incident(1, &close(None), "ada", Time(50)).is_err());
        let closed =
            store.edit_incident(1, &close(Some(Resolution::Benign)), "ada", Time(50)).unwrap().unwrap();
        assert_eq!(closed.incident.closed_at, Some(Time(50)));
        assert_eq!(closed.resolve_comment.as_deref(), Some("seen and understood"));
        let alerts = store.incident_alerts(1, 10).unwrap();
        assert!(alerts.iter().all(|alert| alert.life.resolution.as_deref() == Some("benign")));
        assert_eq!(store.history(1).unwrap().last().unwrap().actor, "ada");
        let told: Vec<_> =
            store.incident_history(1).unwrap().into_iter().map(|change| change.field).collect();
        assert_eq!(told, ["alert", "alert", "status", "resolution", "assignee", "resolve_comment"]);
        let open = IncidentEdit { status: Some(Status::InProgress), ..IncidentEdit::default() };
        let open = store.edit_incident(1, &open, "ada", Time(60)).unwrap().unwrap().incident;
        assert_eq!((open.resolution, open.closed_at), (None, None));
    }

    #[test]
    fn a_refused_edit_changes_nothing() {
        let store = store();
        let edit = IncidentEdit {
            status: Some(Status::InProgress),
            assignee: Some(Some("nobody")),
            ..IncidentEdit::default()
        };
        assert!(store.edit_incident(1, &edit, "ada", Time(50)).is_err());
        assert_eq!(store.incident(1).unwrap().unwrap().incident.status, "new");
        let long = "x".repeat(LONGEST_NOTE + 1);
        for text in ["", "  ", long.as_str()] {
            let edit = IncidentEdit { comment: Some(text), ..IncidentEdit::default() };
            assert!(store.edit_incident(1, &edit, "ada", Time(50)).is_err());
        }
        assert!(store.edit_incident(99, &IncidentEdit::default(), "ada", Time(50)).unwrap().is_none());
    }
}
