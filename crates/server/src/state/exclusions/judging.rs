//! Alerts held against the exclusions in force: hidden when they come, shown when they outgrow them.

use super::super::alerts::{OURSELVES, load};
use super::super::life_cycle::write_change;
use super::super::{StateError, grouping, notify};
use crate::exclusions::Conditions;
use rusqlite::{Transaction, params};
use vedette_event::{Severity, Subject, Time};

/// The exclusion in force that this subject meets, the oldest of several; it is counted there. `hidden`:
/// the alert is hidden by this one already.
pub(in crate::state) fn judge(
    transaction: &Transaction<'_>,
    subject: &Subject,
    severity: Severity,
    hidden: Option<i64>,
    now: Time,
) -> Result<Option<i64>, StateError> {
    let sql =
        "SELECT id, conditions FROM exclusions WHERE removed_at IS NULL AND expires_at > ?1 ORDER BY id";
    let mut statement = transaction.prepare_cached(sql)?;
    let mut rows = statement.query([now.0])?;
    while let Some(row) = rows.next()? {
        let (id, text): (i64, String) = (row.get(0)?, row.get(1)?);
        let conditions: Conditions = serde_json::from_str(&text)?;
        if conditions.hold(subject, severity) {
            count_hit(transaction, id, hidden != Some(id), now)?;
            return Ok(Some(id));
        }
    }
    Ok(None)
}

pub(super) fn count_hit(
    transaction: &Transaction<'_>,
    id: i64,
    fresh: bool,
    now: Time,
) -> Result<(), StateError> {
    transaction.execute(
        "UPDATE exclusions SET hits = hits + ?2, last_hit_at = ?3 WHERE id = ?1",
        params![id, i64::from(fresh), now.0],
    )?;
    Ok(())
}

pub(in crate::state) fn note_hidden(
    transaction: &Transaction<'_>,
    alert: i64,
    exclusion: i64,
    by: &str,
    now: Time,
) -> Result<(), StateError> {
    write_change(transaction, alert, now, by, "excluded", None, Some(&exclusion.to_string()), None)
}

/// Takes an alert out of hiding: it finds its incident, and is told where alerts are told.
pub(in crate::state) fn show_alert(
    transaction: &Transaction<'_>,
    alert: i64,
    by: &str,
    why: &str,
    now: Time,
) -> Result<(), StateError> {
    let Some(record) = load(transaction, alert)? else { return Ok(()) };
    let was = record.life.excluded_by.map(|id| id.to_string());
    transaction.execute(
        "UPDATE alerts SET excluded_by = NULL, updated_at = ?2 WHERE id = ?1",
        params![alert, now.0],
    )?;
    write_change(transaction, alert, now, by, "excluded", was.as_deref(), None, Some(why))?;
    if record.life.incident_id.is_none() && !record.self_test {
        grouping::join(transaction, alert, &record.subject, now)?;
    }
    notify::note_late(transaction, alert, now)
}

/// An alert that was hidden and grew: still hidden, or shown from now on. True when it is shown.
pub(in crate::state) fn judge_again(
    transaction: &Transaction<'_>,
    alert: i64,
    hidden_by: i64,
    subject: &Subject,
    severity: Severity,
    now: Time,
) -> Result<bool, StateError> {
    match judge(transaction, subject, severity, Some(hidden_by), now)? {
        Some(id) if id == hidden_by => Ok(false),
        Some(id) => {
            transaction.execute("UPDATE alerts SET excluded_by = ?2 WHERE id = ?1", [alert, id])?;
            note_hidden(transaction, alert, id, OURSELVES, now)?;
            Ok(false)
        }
        None => {
            let why = "it no longer meets an exclusion that is in force";
            show_alert(transaction, alert, OURSELVES, why, now)?;
            Ok(true)
        }
    }
}
