//! Lists and counts of alerts: filters, order, pages, buckets over time.

use super::alerts::{AlertRecord, COLUMNS, finish, read, severity_rank};
use super::{StateError, Status, Store};
use rusqlite::types::Value;
use rusqlite::{params, params_from_iter};
use std::net::IpAddr;
use vedette_event::{AlertSource, Severity, Time};

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SelfTestFilter {
    #[default]
    Both,
    Only,
    Without,
}

/// Alerts that an exclusion hides.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ExcludedFilter {
    #[default]
    Without,
    Only,
    Both,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SortKey {
    DetectedAt,
    CreatedAt,
    UpdatedAt,
    Severity,
    Probes,
    /// The order in which they were made.
    Number,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sort {
    pub key: SortKey,
    pub descending: bool,
}

/// All conditions must hold; an empty list or `None` is no condition.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct AlertFilter {
    pub status: Vec<Status>,
    pub severity: Vec<Severity>,
    pub active: Option<bool>,
    pub raised_by: Vec<AlertSource>,
    pub rule_id: Option<i64>,
    /// `Some(None)`: unassigned.
    pub assignee: Option<Option<String>>,
    pub source: Option<IpAddr>,
    pub target: Option<IpAddr>,
    pub text: Option<String>,
    pub since: Option<Time>,
    pub until: Option<Time>,
    pub self_test: SelfTestFilter,
    pub excluded: ExcludedFilter,
    /// One of these numbers; with an empty list nothing.
    pub ids: Option<Vec<i64>>,
    /// In one of these incidents; with an empty list nothing.
    pub incidents: Option<Vec<i64>>,
    /// One of these keys of subjects; with an empty list nothing.
    pub keys: Option<Vec<String>>,
    /// Made at or after, and before.
    pub created: (Option<Time>, Option<Time>),
    /// Changed at or after, and before.
    pub updated: (Option<Time>, Option<Time>),
    /// With a higher number.
    pub after: Option<i64>,
}

pub struct AlertPage {
    pub alerts: Vec<AlertRecord>,
    /// Alerts that match, on all pages.
    pub total: u64,
    /// Where the next page begins; `None` on the last one.
    pub next: Option<u64>,
}

/// Alerts of one span of time, by severity rank (0 informational to 4 critical).
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Bucket {
    pub start: Time,
    pub by_severity: [u64; 5],
}

/// How many alerts there are, self-tests left out, and those that are excluded but in `excluded`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Totals {
    pub total: u64,
    pub new: u64,
    pub in_progress: u64,
    pub closed: u64,
    pub active: u64,
    pub open_by_severity: [u64; 5],
    /// Hidden by exclusions.
    pub excluded: u64,
    /// Later hits that were kept back as the same as an alert.
    pub duplicates: u64,
}

/// Conditions as SQL text and its values, kept together.
#[derive(Default)]
pub(super) struct Conditions {
    sql: Vec<String>,
    values: Vec<Value>,
}

impl Conditions {
    pub(super) fn add(&mut self, sql: &str, value: impl Into<Value>) {
        self.values.push(value.into());
        self.sql.push(sql.replace("??", &format!("?{}", self.values.len())));
    }

    /// A condition whose values were placed before.
    pub(super) fn push(&mut self, sql: String) {
        self.sql.push(sql);
    }

    /// Keeps values and gives their places in the text.
    pub(super) fn places(&mut self, values: impl IntoIterator<Item = Value>) -> Vec<String> {
        let mut places = Vec::new();
        for value in values {
            self.values.push(value);
            places.push(format!("?{}", self.values.len()));
        }
        places
    }

    /// One of these; no condition when there are none.
    pub(super) fn any(&mut self, column: &str, values: impl IntoIterator<Item = Value>) {
        let places = self.places(values);
        if !places.is_empty() {
            self.sql.push(format!("{column} IN ({})", places.join(", ")));
        }
    }

    /// One of these, and nothing when there are none.
    pub(super) fn any_or_none(&mut self, column: &str, values: impl IntoIterator<Item = Value>) {
        let places = self.places(values).join(", ");
        self.sql.push(format!("{column} IN ({places})"));
    }

    /// None of these.
    pub(super) fn none(&mut self, column: &str, values: impl IntoIterator<Item = Value>) {
        let places = self.places(values);
        if !places.is_empty() {
            self.sql.push(format!("{column} NOT IN ({})", places.join(", ")));
        }
    }

    fn text(&self) -> String {
        if self.sql.is_empty() { "TRUE".to_owned() } else { self.sql.join(" AND ") }
    }

    pub(super) fn parts(&self) -> (String, &[Value]) {
        (self.text(), &self.values)
    }
}

fn conditions(filter: &AlertFilter) -> Conditions {
    let mut all = Conditions::default();
    all.any("status", filter.status.iter().map(|status| Value::from(status.as_str().to_owned())));
    all.any("severity", filter.severity.iter().map(|severity| Value::from(severity_rank(*severity))));
    if let Some(active) = filter.active {
        all.add("active = ??", active);
    }
    all.any("source", filter.raised_by.iter().map(|source| Value::from(source.as_str().to_owned())));
    if let Some(rule) = filter.rule_id {
        all.add("rule_id = ??", rule);
    }
    match &filter.assignee {
        Some(Some(name)) => all.add("assignee = ??", name.clone()),
        Some(None) => all.sql.push("assignee IS NULL".to_owned()),
        None => {}
    }
    // The addresses stand in the subject, at most 1,000 of each kind.
    if let Some(source) = filter.source {
        all.add(
            "(?? IN (SELECT value FROM json_each(subject, '$.source_ips'))
              OR ?? IN (SELECT value FROM json_each(subject, '$.candidate_ips')))",
            source.to_string(),
        );
    }
    if let Some(target) = filter.target {
        all.add("?? IN (SELECT value FROM json_each(subject, '$.target_ips'))", target.to_string());
    }
    if let Some(text) = &filter.text {
        all.add("instr(search, ??) > 0", text.to_lowercase());
    }
    if let Some(since) = filter.since {
        all.add("detected_at >= ??", since.0);
    }
    if let Some(until) = filter.until {
        all.add("detected_at < ??", until.0);
    }
    if let Some(ids) = &filter.ids {
        all.any_or_none("id", ids.iter().map(|id| Value::from(*id)));
    }
    if let Some(incidents) = &filter.incidents {
        all.any_or_none("incident_id", incidents.iter().map(|id| Value::from(*id)));
    }
    if let Some(keys) = &filter.keys {
        all.any_or_none("subject_key", keys.iter().cloned().map(Value::from));
    }
    if let Some(since) = filter.created.0 {
        all.add("created_at >= ??", since.0);
    }
    if let Some(until) = filter.created.1 {
        all.add("created_at < ??", until.0);
    }
    if let Some(last) = filter.after {
        all.add("id > ??", last);
    }
    if let Some(since) = filter.updated.0 {
        all.add("updated_at >= ??", since.0);
    }
    if let Some(until) = filter.updated.1 {
        all.add("updated_at < ??", until.0);
    }
    match filter.self_test {
        SelfTestFilter::Both => {}
        SelfTestFilter::Only => all.sql.push("self_test".to_owned()),
        SelfTestFilter::Without => all.sql.push("NOT self_test".to_owned()),
    }
    match filter.excluded {
        ExcludedFilter::Both => {}
        ExcludedFilter::Only => all.sql.push("excluded_by IS NOT NULL".to_owned()),
        ExcludedFilter::Without => all.sql.push("excluded_by IS NULL".to_owned()),
    }
    all
}

/// A number from the database as a position; one that is none lies beyond every list.
fn place(number: i64) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}

impl Store {
    /// One page of the alerts that match, from position `offset` on.
    pub fn list_alerts(
        &self,
        filter: &AlertFilter,
        sort: Sort,
        limit: u32,
        offset: u64,
    ) -> Result<AlertPage, StateError> {
        let column = match sort.key {
            SortKey::DetectedAt => "detected_at",
            SortKey::CreatedAt => "created_at",
            SortKey::UpdatedAt => "updated_at",
            SortKey::Severity => "severity",
            SortKey::Probes => "probes",
            SortKey::Number => "id",
        };
        let direction = if sort.descending { "DESC" } else { "ASC" };
        let conditions = conditions(filter);
        let text = conditions.text();
        let connection = self.lock();
        let total: i64 = connection.query_row(
            &format!("SELECT count(*) FROM alerts WHERE {text}"),
            params_from_iter(conditions.values.iter()),
            |row| row.get(0),
        )?;
        let mut statement = connection.prepare(&format!(
            "SELECT {COLUMNS} FROM alerts WHERE {text} ORDER BY {column} {direction}, id {direction}
             LIMIT {limit} OFFSET {}",
            i64::try_from(offset).unwrap_or(i64::MAX)
        ))?;
        let mut alerts = Vec::new();
        for row in statement.query_map(params_from_iter(conditions.values.iter()), read)? {
            alerts.push(finish(row?)?);
        }
        let total = total as u64;
        let end = offset.saturating_add(alerts.len() as u64);
        let next = (end < total && !alerts.is_empty()).then_some(end);
        Ok(AlertPage { alerts, total, next })
    }

    /// How many alerts match.
    pub fn count_alerts(&self, filter: &AlertFilter) -> Result<u64, StateError> {
        let conditions = conditions(filter);
        let sql = format!("SELECT count(*) FROM alerts WHERE {}", conditions.text());
        let values = params_from_iter(conditions.values.iter());
        Ok(self.lock().query_row(&sql, values, |row| row.get::<_, i64>(0))? as u64)
    }

    /// The numbers of alerts that match, the latest first, at most `limit`.
    pub fn matching_alerts(&self, filter: &AlertFilter, limit: u32) -> Result<Vec<i64>, StateError> {
        let conditions = conditions(filter);
        let connection = self.lock();
        let text = conditions.text();
        let mut statement = connection
            .prepare(&format!("SELECT id FROM alerts WHERE {text} ORDER BY id DESC LIMIT {limit}"))?;
        let ids = statement.query_map(params_from_iter(conditions.values.iter()), |row| row.get(0))?;
        Ok(ids.collect::<Result<_, _>>()?)
    }

    /// The latest alerts by number, for the `alerts` dataset; at most `limit`, oldest first.
    pub fn latest_alerts(&self, limit: u32) -> Result<Vec<AlertRecord>, StateError> {
        let connection = self.lock();
        let mut statement =
            connection.prepare(&format!("SELECT {COLUMNS} FROM alerts ORDER BY id DESC LIMIT {limit}"))?;
        let mut alerts = Vec::new();
        for row in statement.query_map([], read)? {
            alerts.push(finish(row?)?);
        }
        alerts.reverse();
        Ok(alerts)
    }

    pub fn alert_totals(&self) -> Result<Totals, StateError> {
        let connection = self.lock();
        let mut statement = connection.prepare(
            "SELECT status, severity, active, count(*), sum(duplicates) FROM alerts
             WHERE NOT self_test AND excluded_by IS NULL GROUP BY status, severity, active",
        )?;
        let mut totals = Totals::default();
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            let status: String = row.get(0)?;
            let severity = place(row.get(1)?);
            let active: bool = row.get(2)?;
            let count = row.get::<_, i64>(3)? as u64;
            totals.total += count;
            totals.duplicates += row.get::<_, i64>(4)? as u64;
            match status.as_str() {
                "new" => totals.new += count,
                "in_progress" => totals.in_progress += count,
                _ => totals.closed += count,
            }
            if active {
                totals.active += count;
            }
            if status != "closed"
                && let Some(slot) = totals.open_by_severity.get_mut(severity)
            {
                *slot += count;
            }
        }
        let hidden = "SELECT count(*) FROM alerts WHERE excluded_by IS NOT NULL";
        totals.excluded = connection.query_row(hidden, [], |row| row.get::<_, i64>(0))? as u64;
        Ok(totals)
    }

    /// Alerts by time of detection: `count` buckets of `seconds` from `start` on, empty ones too,
    /// self-tests left out.
    pub fn alert_buckets(&self, start: Time, seconds: i64, count: usize) -> Result<Vec<Bucket>, StateError> {
        let width = seconds.max(1) * 1_000_000;
        let mut buckets: Vec<Bucket> =
            (0..count).map(|n| Bucket { start: start.plus(n as i64 * width), by_severity: [0; 5] }).collect();
        let connection = self.lock();
        let mut statement = connection.prepare(
            "SELECT (detected_at - ?1) / ?2 AS bucket, severity, count(*) FROM alerts
             WHERE NOT self_test AND excluded_by IS NULL AND detected_at >= ?1 AND detected_at < ?3 GROUP BY bucket, severity",
        )?;
        let end = start.plus(count as i64 * width);
        let mut rows = statement.query(params![start.0, width, end.0])?;
        while let Some(row) = rows.next()? {
            let (bucket, severity) = (place(row.get(0)?), place(row.get(1)?));
            let slot = buckets.get_mut(bucket).and_then(|bucket| bucket.by_severity.get_mut(severity));
            if let Some(slot) = slot {
                *slot += row.get::<_, i64>(2)? as u64;
            }
        }
        Ok(buckets)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::super::alerts::tests::detection;
    use super::super::{Edit, Resolution};
    use super::*;

    const NEWEST: Sort = Sort { key: SortKey::DetectedAt, descending: true };

    fn store() -> Store {
        let store = Store::in_memory();
        for n in 0..5_i64 {
            let mut d = detection(&format!("c{n}"));
            d.detected_at = Time(n * 1_000_000);
            d.probes = 100 - n as u64;
            d.severity = if n == 3 { Severity::Critical } else { Severity::Low };
            d.source_ips = vec![format!("10.0.0.{n}").parse().unwrap()];
            store.record_detection(&d, n == 4, Time(n)).unwrap();
        }
        store
    }

    fn ids(store: &Store, filter: &AlertFilter) -> Vec<i64> {
        let page = store.list_alerts(filter, NEWEST, 50, 0).unwrap();
        assert_eq!(page.total as usize, page.alerts.len());
        page.alerts.iter().map(|alert| alert.life.alert_id).collect()
    }

    #[test]
    fn filters_narrow() {
        let store = store();
        let edit =
            Edit { status: Some(Status::Closed), resolution: Some(Resolution::Benign), ..Edit::default() };
        store.edit_alert(1, &edit, "ada", Time(9)).unwrap();
        let all = AlertFilter::default();
        assert_eq!(ids(&store, &all), [5, 4, 3, 2, 1]);
        assert_eq!(ids(&store, &AlertFilter { status: vec![Status::Closed], ..all.clone() }), [5, 1]);
        assert_eq!(ids(&store, &AlertFilter { severity: vec![Severity::Critical], ..all.clone() }), [4]);
        assert_eq!(ids(&store, &AlertFilter { self_test: SelfTestFilter::Without, ..all.clone() }).len(), 4);
        let source = Some("10.0.0.2".parse().unwrap());
        assert_eq!(ids(&store, &AlertFilter { source, ..all.clone() }), [3]);
        let target = Some("10.0.0.5".parse().unwrap());
        assert_eq!(ids(&store, &AlertFilter { target, ..all.clone() }).len(), 5);
        assert_eq!(ids(&store, &AlertFilter { target: source, ..all.clone() }), [0; 0]);
        assert_eq!(ids(&store, &AlertFilter { text: Some("SCAN OF 10".into()), ..all.clone() }).len(), 5);
        assert_eq!(ids(&store, &AlertFilter { text: Some("%".into()), ..all.clone() }), [0; 0]);
        assert_eq!(ids(&store, &AlertFilter { since: Some(Time(3_000_000)), ..all.clone() }), [5, 4]);
        assert_eq!(ids(&store, &AlertFilter { until: Some(Time(1_000_000)), ..all.clone() }), [1]);
        assert_eq!(ids(&store, &AlertFilter { assignee: Some(None), ..all.clone() }).len(), 5);
        assert_eq!(ids(&store, &AlertFilter { assignee: Some(Some("x' OR 1".into())), ..all }), [0; 0]);
    }

    #[test]
    fn findings_are_told_apart_and_found() {
        use super::super::alerts::tests::finding;
        let store = store();
        store.record_finding(&finding("f1"), Time(9)).unwrap();
        let by = |source| AlertFilter { raised_by: vec![source], ..AlertFilter::default() };
        assert_eq!(ids(&store, &by(AlertSource::External)), [6]);
        assert_eq!(ids(&store, &by(AlertSource::Detection)).len(), 5);
        assert_eq!(ids(&store, &AlertFilter { rule_id: Some(1), ..AlertFilter::default() }), [0; 0]);
        let text = |text: &str| AlertFilter { text: Some(text.into()), ..AlertFilter::default() };
        assert_eq!(ids(&store, &text("WEB-1")), [6]);
        let source = Some("203.0.113.7".parse().unwrap());
        assert_eq!(ids(&store, &AlertFilter { source, ..AlertFilter::default() }), [6]);
    }

    #[test]
    fn pages_cover_everything_once() {
        let store = store();
        let (mut seen, mut offset) = (Vec::new(), 0);
        loop {
            let sort = Sort { key: SortKey::Severity, descending: true };
            let page = store.list_alerts(&AlertFilter::default(), sort, 2, offset).unwrap();
            assert_eq!(page.total, 5);
            seen.extend(page.alerts.iter().map(|alert| alert.life.alert_id));
            match page.next {
                Some(next) => offset = next,
                None => break,
            }
        }
        assert_eq!(seen, [4, 5, 3, 2, 1]);
        assert!(store.list_alerts(&AlertFilter::default(), NEWEST, 2, u64::MAX).unwrap().next.is_none());
    }

    #[test]
    fn counts_leave_self_tests_out() {
        let store = store();
        let totals = store.alert_totals().unwrap();
        assert_eq!((totals.total, totals.new, totals.closed, totals.active), (4, 4, 0, 4));
        assert_eq!(totals.open_by_severity, [0, 3, 0, 0, 1]);
        let buckets = store.alert_buckets(Time(0), 2, 3).unwrap();
        assert_eq!(buckets.len(), 3);
        assert_eq!(buckets[0].by_severity, [0, 2, 0, 0, 0]);
        assert_eq!(buckets[1].by_severity, [0, 1, 0, 0, 1]);
        assert_eq!(buckets[2].by_severity, [0; 5]);
        assert_eq!(store.latest_alerts(2).unwrap().len(), 2);
    }
}
