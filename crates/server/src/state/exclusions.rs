//! Exclusions as they are kept: made, counted, ended; and the alerts they hide.
//!
//! An alert is judged when it comes and, while it is hidden, each time it grows. Once it was shown it
//! stays shown, unless whoever makes an exclusion asks for what is stored too. An exclusion that is over
//! hides nothing more; what it hid before stays marked, and can be shown again.

mod judging;

use super::alerts::{COLUMNS, finish, load, read};
use super::{AlertRecord, StateError, Store};
use crate::exclusions::Conditions;
use judging::count_hit;
pub(super) use judging::{judge, judge_again, note_hidden, show_alert};
use rusqlite::{Connection, OptionalExtension, Row, params};
use vedette_event::Time;

/// Exclusions in force at one time: every alert is held against each.
const MOST: i64 = 500;
/// Alerts looked at in one go, so that nobody waits long for the database; and in all.
const STEP: u32 = 500;
const LOOKED_AT: u64 = 20_000;
const LONGEST_REASON: usize = 1000;

#[derive(Clone, Debug, PartialEq)]
pub struct ExclusionRecord {
    pub id: i64,
    pub conditions: Conditions,
    pub reason: String,
    pub alert_id: Option<i64>,
    pub created_at: Time,
    pub created_by: String,
    pub expires_at: Time,
    /// Alerts it has hidden, and when the last of them came or grew.
    pub hits: i64,
    pub last_hit_at: Option<Time>,
    pub removed_at: Option<Time>,
    pub removed_by: Option<String>,
    /// Alerts that are hidden by it now.
    pub hidden: i64,
}

impl ExclusionRecord {
    pub fn in_force(&self, now: Time) -> bool {
        self.removed_at.is_none() && now < self.expires_at
    }
}

/// What somebody wants excluded.
#[derive(Clone, Debug)]
pub struct NewExclusion<'a> {
    pub conditions: &'a Conditions,
    pub reason: &'a str,
    pub alert_id: Option<i64>,
    pub expires_at: Time,
    pub by: &'a str,
}

/// What an exclusion would have hidden.
#[derive(Clone, Debug, Default)]
pub struct Preview {
    /// Stored alerts that were held against it, self-tests left out, and those that meet it.
    pub looked_at: u64,
    pub matched: u64,
    /// Of those: not closed, and closed as a true positive.
    pub open: u64,
    pub true_positives: u64,
    /// There are more alerts in that time than were looked at.
    pub cut: bool,
    /// The latest that meet it.
    pub examples: Vec<AlertRecord>,
}

const EXCLUSION: &str = "SELECT id, conditions, reason, alert_id, created_at, created_by, expires_at, hits, \
     last_hit_at, removed_at, removed_by, (SELECT count(*) FROM alerts a WHERE a.excluded_by = e.id) \
     FROM exclusions e";

fn raw(row: &Row<'_>) -> rusqlite::Result<(ExclusionRecord, String)> {
    let time = |place| row.get::<_, Option<i64>>(place).map(|time| time.map(Time));
    let record = ExclusionRecord {
        id: row.get(0)?,
        conditions: Conditions::default(),
        reason: row.get(2)?,
        alert_id: row.get(3)?,
        created_at: Time(row.get(4)?),
        created_by: row.get(5)?,
        expires_at: Time(row.get(6)?),
        hits: row.get(7)?,
        last_hit_at: time(8)?,
        removed_at: time(9)?,
        removed_by: row.get(10)?,
        hidden: row.get(11)?,
    };
    Ok((record, row.get(1)?))
}

fn whole((record, text): (ExclusionRecord, String)) -> Result<ExclusionRecord, StateError> {
    Ok(ExclusionRecord { conditions: serde_json::from_str(&text)?, ..record })
}

impl Store {
    /// Keeps an exclusion; it is in force at once.
    pub fn add_exclusion(&self, new: &NewExclusion<'_>, now: Time) -> Result<ExclusionRecord, StateError> {
        let reason = checked_reason(new.reason)?;
        let connection = self.lock();
        let sql = "SELECT count(*) FROM exclusions WHERE removed_at IS NULL AND expires_at > ?1";
        let count: i64 = connection.query_row(sql, [now.0], |row| row.get(0))?;
        if count >= MOST {
            return Err(StateError::Invalid("there are 500 exclusions in force already: remove some"));
        }
        connection.execute(
            "INSERT INTO exclusions (conditions, reason, alert_id, created_at, created_by, expires_at)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
            params![
                serde_json::to_string(new.conditions)?,
                reason,
                new.alert_id,
                now.0,
                new.by,
                new.expires_at.0
            ],
        )?;
        let id = connection.last_insert_rowid();
        load_exclusion(&connection, id)?.ok_or(StateError::Broken)
    }

    pub fn exclusion(&self, id: i64) -> Result<Option<ExclusionRecord>, StateError> {
        load_exclusion(&self.lock(), id)
    }

    /// Those in force, or all there ever were; the latest first.
    pub fn exclusions(&self, all: bool, now: Time) -> Result<Vec<ExclusionRecord>, StateError> {
        let connection = self.lock();
        let sql = format!(
            "{EXCLUSION} WHERE ?1 OR (removed_at IS NULL AND expires_at > ?2) ORDER BY id DESC LIMIT 1000"
        );
        let mut statement = connection.prepare(&sql)?;
        let found = statement.query_map(params![all, now.0], raw)?;
        found.map(|row| whole(row?)).collect()
    }

    /// Gives an exclusion another end or reason; `None` when there is none in force of this number.
    pub fn edit_exclusion(
        &self,
        id: i64,
        expires_at: Option<Time>,
        reason: Option<&str>,
        now: Time,
    ) -> Result<Option<ExclusionRecord>, StateError> {
        let reason = reason.map(checked_reason).transpose()?;
        let connection = self.lock();
        let changed = connection.execute(
            "UPDATE exclusions SET expires_at = coalesce(?2, expires_at), reason = coalesce(?3, reason)
             WHERE id = ?1 AND removed_at IS NULL AND expires_at > ?4",
            params![id, expires_at.map(|time| time.0), reason, now.0],
        )?;
        if changed == 0 { Ok(None) } else { load_exclusion(&connection, id) }
    }

    /// Ends an exclusion; with `show`, what it hid is shown again. The alerts that are shown now, or
    /// `None` when there is none of this number that was not removed before.
    pub fn remove_exclusion(
        &self,
        id: i64,
        show: bool,
        by: &str,
        now: Time,
    ) -> Result<Option<Vec<AlertRecord>>, StateError> {
        let mut connection = self.lock();
        let transaction = connection.transaction()?;
        let removed = transaction.execute(
            "UPDATE exclusions SET removed_at = ?2, removed_by = ?3 WHERE id = ?1 AND removed_at IS NULL",
            params![id, now.0, by],
        )?;
        if removed == 0 {
            return Ok(None);
        }
        let mut shown = Vec::new();
        if show {
            let hidden: Vec<i64> = transaction
                .prepare("SELECT id FROM alerts WHERE excluded_by = ?1 ORDER BY id")?
                .query_map([id], |row| row.get(0))?
                .collect::<Result<_, _>>()?;
            for alert in hidden {
                show_alert(&transaction, alert, by, "the exclusion was removed", now)?;
                shown.extend(load(&transaction, alert)?);
            }
        }
        transaction.commit()?;
        Ok(Some(shown))
    }

    /// What these conditions would have hidden of the alerts detected since then.
    pub fn preview_exclusion(
        &self,
        conditions: &Conditions,
        since: Time,
        examples: usize,
    ) -> Result<Preview, StateError> {
        let mut preview = Preview::default();
        preview.cut = self.each_alert(since, |alert| {
            preview.looked_at += 1;
            if !conditions.hold(&alert.subject, alert.severity()) {
                return;
            }
            preview.matched += 1;
            preview.open += u64::from(alert.life.status != "closed");
            preview.true_positives += u64::from(alert.life.resolution.as_deref() == Some("true_positive"));
            if preview.examples.len() < examples {
                preview.examples.push(alert);
            }
        })?;
        Ok(preview)
    }

    /// Hides what is stored since then, meets the exclusion, and is not closed. How many there were.
    pub fn exclude_stored(&self, id: i64, since: Time, by: &str, now: Time) -> Result<u64, StateError> {
        let Some(exclusion) = self.exclusion(id)? else { return Ok(0) };
        let mut meeting = Vec::new();
        self.each_alert(since, |alert| {
            let open = alert.life.status != "closed" && alert.life.excluded_by.is_none();
            if open && exclusion.conditions.hold(&alert.subject, alert.severity()) {
                meeting.push(alert.life.alert_id);
            }
        })?;
        for some in meeting.chunks(STEP as usize) {
            let mut connection = self.lock();
            let transaction = connection.transaction()?;
            for alert in some {
                transaction.execute(
                    "UPDATE alerts SET excluded_by = ?2, updated_at = ?3 WHERE id = ?1",
                    params![alert, id, now.0],
                )?;
                note_hidden(&transaction, *alert, id, by, now)?;
                count_hit(&transaction, id, true, now)?;
            }
            transaction.commit()?;
        }
        Ok(meeting.len() as u64)
    }

    /// Calls `look` with the alerts detected since then, the latest first, self-tests left out. True when
    /// there are more than are looked at.
    fn each_alert(&self, since: Time, mut look: impl FnMut(AlertRecord)) -> Result<bool, StateError> {
        let sql = format!(
            "SELECT {COLUMNS} FROM alerts WHERE id < ?1 AND detected_at >= ?2 AND NOT self_test
             ORDER BY id DESC LIMIT {STEP}"
        );
        let (mut before, mut seen) = (i64::MAX, 0);
        loop {
            let rows = {
                let connection = self.lock();
                let mut statement = connection.prepare_cached(&sql)?;
                statement.query_map([before, since.0], read)?.collect::<Result<Vec<_>, _>>()?
            };
            let count = rows.len();
            for row in rows {
                let alert = finish(row)?;
                before = alert.life.alert_id;
                look(alert);
            }
            seen += count as u64;
            if count < STEP as usize {
                return Ok(false);
            }
            if seen >= LOOKED_AT {
                return Ok(true);
            }
        }
    }
}

fn checked_reason(text: &str) -> Result<&str, StateError> {
    let text = text.trim();
    match text.chars().count() {
        1..=LONGEST_REASON => Ok(text),
        _ => Err(StateError::Invalid("an exclusion needs a reason of 1 to 1,000 characters")),
    }
}

fn load_exclusion(connection: &Connection, id: i64) -> Result<Option<ExclusionRecord>, StateError> {
    let found = connection.query_row(&format!("{EXCLUSION} WHERE id = ?1"), [id], raw).optional()?;
    found.map(whole).transpose()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::super::alerts::tests::{detection, finding};
    use super::super::{AlertFilter, ExcludedFilter, Sort, SortKey};
    use super::*;
    use vedette_event::Detection;

    const DAY: i64 = 86_400_000_000;

    fn excluding(store: &Store, conditions: &str, until: i64) -> ExclusionRecord {
        let conditions = serde_json::from_str(conditions).unwrap();
        let new = NewExclusion {
            conditions: &conditions,
            reason: "our own scanner",
            alert_id: None,
            expires_at: Time(until),
            by: "ada",
        };
        store.add_exclusion(&new, Time(1)).unwrap()
    }

    fn shown(store: &Store, excluded: ExcludedFilter) -> Vec<i64> {
        let filter = AlertFilter { excluded, ..AlertFilter::default() };
        let sort = Sort { key: SortKey::CreatedAt, descending: false };
        let page = store.list_alerts(&filter, sort, 50, 0).unwrap();
        page.alerts.iter().map(|alert| alert.life.alert_id).collect()
    }

    fn grown(id: &str) -> Detection {
        let mut scan = detection(id);
        scan.change = vedette_event::Change::Updated;
        scan.probes = 500;
        scan
    }

    #[test]
    fn what_is_excluded_is_stored_counted_and_out_of_sight() {
        let store = Store::in_memory();
        let mine = excluding(&store, r#"{"sources": ["10.0.0.9"]}"#, DAY);
        let hidden = store.record_detection(&detection("a"), false, Time(10)).unwrap();
        assert_eq!(hidden.alert.life.excluded_by, Some(mine.id));
        assert_eq!(hidden.alert.life.incident_id, None, "nobody is to be bothered with an incident");
        store.record_finding(&finding("f"), Time(11)).unwrap();
        assert_eq!(shown(&store, ExcludedFilter::Without), [2]);
        assert_eq!(shown(&store, ExcludedFilter::Only), [1]);
        assert_eq!(shown(&store, ExcludedFilter::Both), [1, 2]);
        store.record_detection(&grown("a"), false, Time(20)).unwrap();
        let after = store.exclusion(mine.id).unwrap().unwrap();
        assert_eq!((after.hits, after.last_hit_at, after.hidden), (1, Some(Time(20)), 1));
        let totals = store.alert_totals().unwrap();
        assert_eq!((totals.total, totals.excluded), (1, 1));
        assert_eq!(store.latest_alerts(10).unwrap().len(), 2, "queries see all");
        assert_eq!(store.group_loose_alerts(Time(30)).unwrap(), 0);
    }

    #[test]
    fn a_self_test_is_never_hidden() {
        let store = Store::in_memory();
        excluding(&store, r#"{"sources": ["10.0.0.9"]}"#, DAY);
        let own = store.record_detection(&detection("a"), true, Time(10)).unwrap();
        assert_eq!(own.alert.life.excluded_by, None);
    }

    #[test]
    fn a_campaign_that_outgrows_its_exclusion_is_told_as_new() {
        let store = Store::in_memory();
        excluding(&store, r#"{"sources": ["10.0.0.9"], "targets": ["10.0.0.5"]}"#, DAY);
        let id = store.record_detection(&detection("a"), false, Time(10)).unwrap().alert.life.alert_id;
        let mut wider = grown("a");
        wider.target_ips.push("10.0.0.6".parse().unwrap());
        let now_shown = store.record_detection(&wider, false, Time(20)).unwrap();
        assert!(now_shown.new && now_shown.alert.life.excluded_by.is_none());
        assert!(now_shown.alert.life.incident_id.is_some());
        let again = store.record_detection(&wider, false, Time(30)).unwrap();
        assert!(!again.new);
        // It was shown: it stays shown, even if it were to shrink.
        assert_eq!(
            store.record_detection(&grown("a"), false, Time(40)).unwrap().alert.life.excluded_by,
            None
        );
        let fields: Vec<_> = store.history(id).unwrap().into_iter().map(|change| change.field).collect();
        assert_eq!(fields, ["created", "excluded", "excluded"]);
    }

    #[test]
    fn an_end_is_an_end() {
        let store = Store::in_memory();
        let short = excluding(&store, r#"{"sources": ["10.0.0.9"]}"#, 100);
        store.record_detection(&detection("a"), false, Time(10)).unwrap();
        let later = store.record_detection(&detection("b"), false, Time(100)).unwrap();
        assert_eq!(later.alert.life.excluded_by, None, "it is over");
        let grown = store.record_detection(&grown("a"), false, Time(101)).unwrap();
        assert!(grown.new, "what goes on comes to light");
        assert!(store.exclusions(false, Time(100)).unwrap().is_empty());
        assert_eq!(store.exclusions(true, Time(100)).unwrap().len(), 1);
        assert!(store.edit_exclusion(short.id, Some(Time(DAY)), None, Time(100)).unwrap().is_none());
    }

    #[test]
    fn removing_shows_again_what_it_hid_when_asked() {
        let store = Store::in_memory();
        let one = excluding(&store, r#"{"sources": ["10.0.0.9"]}"#, DAY);
        store.record_detection(&detection("a"), false, Time(10)).unwrap();
        let shown_again = store.remove_exclusion(one.id, true, "ada", Time(20)).unwrap().unwrap();
        assert_eq!(shown_again.len(), 1);
        assert_eq!(shown(&store, ExcludedFilter::Without), [1]);
        assert!(store.remove_exclusion(one.id, true, "ada", Time(21)).unwrap().is_none());
        assert!(store.remove_exclusion(99, true, "ada", Time(21)).unwrap().is_none());
        let two = excluding(&store, r#"{"sources": ["10.0.0.9"]}"#, DAY);
        store.record_detection(&detection("b"), false, Time(30)).unwrap();
        assert!(store.remove_exclusion(two.id, false, "ada", Time(40)).unwrap().unwrap().is_empty());
        assert_eq!(shown(&store, ExcludedFilter::Only), [2]);
        assert_eq!(store.exclusion(two.id).unwrap().unwrap().removed_by.as_deref(), Some("ada"));
    }

    #[test]
    fn a_preview_counts_and_what_is_stored_can_be_hidden_too() {
        let store = Store::in_memory();
        for n in 0..1200_i64 {
            let mut scan = detection(&format!("c{n}"));
            scan.detected_at = Time(n);
            if n % 2 == 0 {
                scan.source_ips = vec!["203.0.113.9".parse().unwrap()];
            }
            store.record_detection(&scan, false, Time(n)).unwrap();
        }
        let edit = super::super::Edit {
            status: Some(super::super::Status::Closed),
            resolution: Some(super::super::Resolution::TruePositive),
            ..super::super::Edit::default()
        };
        store.edit_alert(1200, &edit, "ada", Time(5000)).unwrap();
        let conditions: Conditions = serde_json::from_str(r#"{"sources": ["10.0.0.9"]}"#).unwrap();
        let preview = store.preview_exclusion(&conditions, Time(600), 3).unwrap();
        assert_eq!((preview.looked_at, preview.matched, preview.open), (600, 300, 299));
        assert_eq!((preview.true_positives, preview.cut, preview.examples.len()), (1, false, 3));
        let one = excluding(&store, r#"{"sources": ["10.0.0.9"]}"#, DAY);
        assert_eq!(store.exclude_stored(one.id, Time(600), "ada", Time(6000)).unwrap(), 299);
        assert_eq!(store.exclude_stored(one.id, Time(600), "ada", Time(6001)).unwrap(), 0, "done once");
        assert_eq!(store.exclusion(one.id).unwrap().unwrap().hidden, 299);
    }

    #[test]
    fn a_reason_is_needed_and_their_number_is_bounded() {
        let store = Store::in_memory();
        let conditions: Conditions = serde_json::from_str(r#"{"sources": ["10.0.0.9"]}"#).unwrap();
        fn new<'a>(conditions: &'a Conditions, reason: &'a str) -> NewExclusion<'a> {
            NewExclusion { conditions, reason, alert_id: None, expires_at: Time(DAY), by: "ada" }
        }
        assert!(store.add_exclusion(&new(&conditions, "  "), Time(1)).is_err());
        let long = "x".repeat(1001);
        assert!(store.add_exclusion(&new(&conditions, &long), Time(1)).is_err());
        for _ in 0..MOST {
            store.add_exclusion(&new(&conditions, "why"), Time(1)).unwrap();
        }
        assert!(store.add_exclusion(&new(&conditions, "why"), Time(1)).is_err());
        assert!(
            store.add_exclusion(&new(&conditions, "why"), Time(DAY)).is_ok(),
            "those that are over do not count"
        );
    }
}
