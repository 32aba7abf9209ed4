//! Channels that alerts are told on, and what is still to be told.

use super::alerts::{COLUMNS, finish, read};
use super::{AlertRecord, StateError, Store};
use crate::notify::channel::Settings;
use rusqlite::{OptionalExtension, Row, Transaction, params};
use serde::Serialize;
use utoipa::ToSchema;
use vedette_event::Time;

/// Channels there may be.
const MOST_CHANNELS: i64 = 100;
/// Alerts looked at in one step; the next step follows at once.
const STEP: u32 = 200;
/// Deliveries that are done are kept for so many, to be looked at.
const KEPT: i64 = 10_000;

/// A channel as it is kept; address and secret are sealed.
#[derive(Clone, Debug, PartialEq)]
pub struct ChannelRecord {
    pub id: i64,
    pub name: String,
    pub enabled: bool,
    pub settings: Settings,
    pub sealed: Vec<u8>,
    pub created_at: Time,
    pub created_by: String,
}

/// An alert that is or was to be told.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct Delivery {
    pub id: i64,
    pub channel_id: i64,
    pub alert_id: i64,
    /// `waiting`, `delivered`, or `dead`: given up after the last try.
    pub state: String,
    pub attempts: u32,
    /// When it is tried next.
    #[schema(value_type = String, format = DateTime)]
    pub next_at: Time,
    #[schema(value_type = String, format = DateTime)]
    pub updated_at: Time,
    pub last_error: Option<String>,
}

/// What became of a try.
pub enum Tried {
    Delivered,
    Again { at: Time, error: String },
    Dead { error: String },
}

impl Store {
    /// Adds a channel. Alerts from now on are told there.
    pub fn add_channel(
        &self,
        name: &str,
        settings: &Settings,
        seal: impl FnOnce(i64) -> Option<Vec<u8>>,
        who: &str,
        now: Time,
    ) -> Result<ChannelRecord, StateError> {
        let mut connection = self.lock();
        let transaction = connection.transaction()?;
        let count: i64 = transaction.query_row("SELECT count(*) FROM channels", [], |row| row.get(0))?;
        if count >= MOST_CHANNELS {
            return Err(StateError::Invalid("there are 100 channels already"));
        }
        free_name(&transaction, name, 0)?;
        transaction.execute(
            "INSERT INTO channels (name, enabled, settings, sealed, cursor, created_at, created_by)
             VALUES (?1, 1, ?2, x'', (SELECT coalesce(max(id), 0) FROM alerts), ?3, ?4)",
            params![name, serde_json::to_string(settings)?, now.0, who],
        )?;
        let id = transaction.last_insert_rowid();
        let sealed = seal(id).ok_or(StateError::Broken)?;
        transaction.execute("UPDATE channels SET sealed = ?2 WHERE id = ?1", params![id, sealed])?;
        transaction.commit()?;
        drop(connection);
        self.channel(id)?.ok_or(StateError::Broken)
    }

    pub fn channels(&self) -> Result<Vec<ChannelRecord>, StateError> {
        let connection = self.lock();
        let mut statement = connection.prepare(&format!("{CHANNEL} ORDER BY id"))?;
        let rows = statement.query_map([], channel_row)?;
        rows.map(|row| channel_of(row?)).collect()
    }

    pub fn channel(&self, id: i64) -> Result<Option<ChannelRecord>, StateError> {
        let connection = self.lock();
        let found =
            connection.query_row(&format!("{CHANNEL} WHERE id = ?1"), [id], channel_row).optional()?;
        found.map(channel_of).transpose()
    }

    /// Changes a channel; what is to be told there already goes by its new settings. `None` when there is
    /// none.
    pub fn change_channel(
        &self,
        id: i64,
        name: &str,
        settings: &Settings,
        sealed: &[u8],
    ) -> Result<Option<ChannelRecord>, StateError> {
        let mut connection = self.lock();
        let transaction = connection.transaction()?;
        free_name(&transaction, name, id)?;
        transaction.execute(
            "UPDATE channels SET name = ?2, settings = ?3, sealed = ?4 WHERE id = ?1",
            params![id, name, serde_json::to_string(settings)?, sealed],
        )?;
        transaction.commit()?;
        drop(connection);
        self.channel(id)
    }

    /// Switches a channel on or off; what happens while it is off is not told later. False when there
    /// is none.
    pub fn enable_channel(&self, id: i64, enabled: bool) -> Result<bool, StateError> {
        let changed = self.lock().execute(
            "UPDATE channels SET enabled = ?2, cursor = (SELECT coalesce(max(id), 0) FROM alerts)
             WHERE id = ?1 AND enabled <> ?2",
            params![id, enabled],
        )?;
        Ok(changed > 0 || self.channel(id)?.is_some())
    }

    /// Removes a channel with what was to be told there; false when there was none.
    pub fn remove_channel(&self, id: i64) -> Result<bool, StateError> {
        Ok(self.lock().execute("DELETE FROM channels WHERE id = ?1", [id])? > 0)
    }

    /// Looks at the alerts that a channel has not seen, and notes which are to be told. `due` says when,
    /// or never. In one transaction with the channel's cursor: none is lost or told twice. True when more
    /// are waiting.
    pub fn note_deliveries(
        &self,
        channel: i64,
        due: impl Fn(&AlertRecord) -> Option<Time>,
        now: Time,
    ) -> Result<bool, StateError> {
        let mut connection = self.lock();
        let transaction = connection.transaction()?;
        let alerts = unseen(&transaction, channel)?;
        for alert in &alerts {
            let id = alert.life.alert_id;
            if let Some(at) = due(alert).filter(|_| alert.life.excluded_by.is_none()) {
                transaction.execute(
                    "INSERT OR IGNORE INTO deliveries (channel_id, alert_id, state, attempts, next_at, updated_at)
                     VALUES (?1, ?2, 'waiting', 0, ?3, ?4)",
                    params![channel, id, at.0, now.0],
                )?;
            }
            transaction
                .execute("UPDATE channels SET cursor = max(cursor, ?2) WHERE id = ?1", [channel, id])?;
            transaction
                .execute("DELETE FROM late_alerts WHERE channel_id = ?1 AND alert_id = ?2", [channel, id])?;
        }
        transaction.commit()?;
        Ok(alerts.len() as u32 == STEP)
    }

    /// Deliveries whose time has come, the oldest first, with their alerts.
    pub fn due_deliveries(&self, now: Time, limit: u32) -> Result<Vec<(Delivery, AlertRecord)>, StateError> {
        let deliveries = {
            let connection = self.lock();
            let mut statement = connection.prepare(&format!(
                "{DELIVERY} WHERE state = 'waiting' AND next_at <= ?1
                 AND channel_id IN (SELECT id FROM channels WHERE enabled) ORDER BY next_at, id LIMIT ?2"
            ))?;
            statement.query_map(params![now.0, limit], delivery_row)?.collect::<Result<Vec<_>, _>>()?
        };
        let mut due = Vec::new();
        for delivery in deliveries {
            if let Some(alert) = self.alert(delivery.alert_id)? {
                due.push((delivery, alert));
            }
        }
        Ok(due)
    }

    pub fn note_try(&self, delivery: i64, tried: &Tried, now: Time) -> Result<(), StateError> {
        let (state, next, error) = match tried {
            Tried::Delivered => ("delivered", now, None),
            Tried::Again { at, error } => ("waiting", *at, Some(error)),
            Tried::Dead { error } => ("dead", now, Some(error)),
        };
        let connection = self.lock();
        connection.execute(
            "UPDATE deliveries SET state = ?2, attempts = attempts + 1, next_at = ?3, updated_at = ?4,
                 last_error = ?5 WHERE id = ?1",
            params![delivery, state, next.0, now.0, error],
        )?;
        connection.execute(
            "DELETE FROM deliveries WHERE state = 'delivered' AND id <= (SELECT max(id) FROM deliveries) - ?1",
            [KEPT],
        )?;
        Ok(())
    }

    /// The latest first.
    pub fn deliveries(&self, state: Option<&str>, limit: u32) -> Result<Vec<Delivery>, StateError> {
        let connection = self.lock();
        let mut statement = connection
            .prepare(&format!("{DELIVERY} WHERE ?1 IS NULL OR state = ?1 ORDER BY id DESC LIMIT ?2"))?;
        Ok(statement.query_map(params![state, limit], delivery_row)?.collect::<Result<_, _>>()?)
    }

    /// Tries a dead delivery again; false when there is no such one.
    pub fn revive_delivery(&self, id: i64, now: Time) -> Result<bool, StateError> {
        let changed = self.lock().execute(
            "UPDATE deliveries SET state = 'waiting', attempts = 0, next_at = ?2, updated_at = ?2
             WHERE id = ?1 AND state = 'dead'",
            params![id, now.0],
        )?;
        Ok(changed > 0)
    }

    /// How many are waiting, and how many were given up.
    pub fn delivery_counts(&self) -> Result<(u64, u64), StateError> {
        let count = "SELECT count(*) FILTER (WHERE state = 'waiting'), count(*) FILTER (WHERE state = 'dead')
                     FROM deliveries";
        let (waiting, dead): (i64, i64) =
            self.lock().query_row(count, [], |row| Ok((row.get(0)?, row.get(1)?)))?;
        Ok((waiting as u64, dead as u64))
    }
}

/// Whether no other channel has this name.
fn free_name(transaction: &Transaction<'_>, name: &str, own: i64) -> Result<(), StateError> {
    let taken: bool = transaction.query_row(
        "SELECT EXISTS (SELECT 1 FROM channels WHERE name = ?1 AND id <> ?2)",
        params![name, own],
        |row| row.get(0),
    )?;
    if taken { Err(StateError::Invalid("there is a channel of this name already")) } else { Ok(()) }
}

/// An alert came out of hiding: channels that passed it by look at it again.
pub(super) fn note_late(transaction: &Transaction<'_>, alert: i64, now: Time) -> Result<(), StateError> {
    transaction.execute(
        "INSERT OR IGNORE INTO late_alerts (channel_id, alert_id)
         SELECT id, ?1 FROM channels WHERE enabled AND cursor >= ?1 AND created_at <= ?2",
        [alert, now.0],
    )?;
    Ok(())
}

fn unseen(transaction: &Transaction<'_>, channel: i64) -> Result<Vec<AlertRecord>, StateError> {
    let mut statement = transaction.prepare(&format!(
        "SELECT {COLUMNS} FROM alerts WHERE id > (SELECT cursor FROM channels WHERE id = ?1 AND enabled)
             OR id IN (SELECT alert_id FROM late_alerts WHERE channel_id = ?1)
         ORDER BY id LIMIT {STEP}"
    ))?;
    let rows = statement.query_map([channel], read)?;
    rows.map(|row| finish(row?)).collect()
}

const CHANNEL: &str = "SELECT id, name, enabled, settings, sealed, created_at, created_by FROM channels";
const DELIVERY: &str =
    "SELECT id, channel_id, alert_id, state, attempts, next_at, updated_at, last_error FROM deliveries";

fn channel_row(row: &Row<'_>) -> rusqlite::Result<(ChannelRecord, String)> {
    let record = ChannelRecord {
        id: row.get(0)?,
        name: row.get(1)?,
        enabled: row.get(2)?,
        settings: Settings::default(),
        sealed: row.get(4)?,
        created_at: Time(row.get(5)?),
        created_by: row.get(6)?,
    };
    Ok((record, row.get(3)?))
}

fn channel_of((mut record, settings): (ChannelRecord, String)) -> Result<ChannelRecord, StateError> {
    record.settings = serde_json::from_str(&settings)?;
    Ok(record)
}

fn delivery_row(row: &Row<'_>) -> rusqlite::Result<Delivery> {
    Ok(Delivery {
        id: row.get(0)?,
        channel_id: row.get(1)?,
        alert_id: row.get(2)?,
        state: row.get(3)?,
        attempts: row.get(4)?,
        next_at: Time(row.get(5)?),
        updated_at: Time(row.get(6)?),
        last_error: row.get(7)?,
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::super::tests::detection;
    use super::*;

    fn channel(store: &Store, name: &str) -> i64 {
        store.add_channel(name, &Settings::default(), |_| Some(vec![1]), "ada", Time(1)).unwrap().id
    }

    fn waiting(store: &Store) -> Vec<i64> {
        store.due_deliveries(Time(100), 10).unwrap().into_iter().map(|(one, _)| one.alert_id).collect()
    }

    #[test]
    fn each_alert_after_the_channel_is_told_once() {
        let store = Store::in_memory();
        store.record_detection(&detection("old"), false, Time(1)).unwrap();
        let id = channel(&store, "a");
        for key in ["c1", "c2", "c3"] {
            store.record_detection(&detection(key), false, Time(2)).unwrap();
        }
        let not_c2 = |alert: &AlertRecord| (alert.subject.key() != "c2").then_some(Time(3));
        for _ in 0..3 {
            assert!(!store.note_deliveries(id, not_c2, Time(3)).unwrap());
        }
        assert_eq!(waiting(&store), [2, 4]);
        let first = store.due_deliveries(Time(100), 1).unwrap()[0].0.id;
        store.note_try(first, &Tried::Delivered, Time(4)).unwrap();
        assert_eq!(waiting(&store), [4]);
        assert!(store.due_deliveries(Time(2), 10).unwrap().is_empty(), "its time has not come");
    }

    #[test]
    fn what_is_excluded_is_told_when_it_comes_to_light_and_not_before() {
        use crate::state::NewExclusion;
        let store = Store::in_memory();
        let id = channel(&store, "a");
        let conditions = serde_json::from_str(r#"{"sources": ["10.0.0.9"]}"#).unwrap();
        let new = NewExclusion {
            conditions: &conditions,
            reason: "ours",
            alert_id: None,
            expires_at: Time(1_000),
            by: "ada",
        };
        let exclusion = store.add_exclusion(&new, Time(1)).unwrap().id;
        for key in ["c1", "c2"] {
            store.record_detection(&detection(key), false, Time(2)).unwrap();
        }
        store.note_deliveries(id, |_| Some(Time(3)), Time(3)).unwrap();
        assert!(waiting(&store).is_empty());
        store.remove_exclusion(exclusion, true, "ada", Time(4)).unwrap();
        for _ in 0..2 {
            store.note_deliveries(id, |_| Some(Time(5)), Time(5)).unwrap();
        }
        assert_eq!(waiting(&store), [1, 2]);
        store.record_detection(&detection("c3"), false, Time(6)).unwrap();
        store.note_deliveries(id, |_| Some(Time(7)), Time(7)).unwrap();
        assert_eq!(waiting(&store), [1, 2, 3], "the cursor did not go back");
    }

    #[test]
    fn what_is_given_up_is_kept_and_can_be_tried_again() {
        let store = Store::in_memory();
        let id = channel(&store, "a");
        store.record_detection(&detection("c1"), false, Time(2)).unwrap();
        store.note_deliveries(id, |_| Some(Time(3)), Time(3)).unwrap();
        let delivery = store.due_deliveries(Time(3), 1).unwrap()[0].0.id;
        let again = Tried::Again { at: Time(50), error: "refused".into() };
        store.note_try(delivery, &again, Time(4)).unwrap();
        assert!(store.due_deliveries(Time(49), 1).unwrap().is_empty());
        store.note_try(delivery, &Tried::Dead { error: "gone".into() }, Time(60)).unwrap();
        assert_eq!(store.delivery_counts().unwrap(), (0, 1));
        let dead = &store.deliveries(Some("dead"), 10).unwrap()[0];
        assert_eq!((dead.attempts, dead.last_error.as_deref()), (2, Some("gone")));
        assert!(
            store.revive_delivery(delivery, Time(70)).unwrap()
                && !store.revive_delivery(99, Time(70)).unwrap()
        );
        assert_eq!(store.delivery_counts().unwrap(), (1, 0));
    }

    #[test]
    fn a_changed_channel_tells_what_was_waiting() {
        let store = Store::in_memory();
        let (id, _) = (channel(&store, "a"), channel(&store, "b"));
        store.record_detection(&detection("c1"), false, Time(2)).unwrap();
        store.note_deliveries(id, |_| Some(Time(3)), Time(3)).unwrap();
        let settings = Settings { title: Some("$name".into()), ..Settings::default() };
        let changed = store.change_channel(id, "c", &settings, b"sealed anew").unwrap().unwrap();
        assert_eq!((changed.name.as_str(), &changed.settings), ("c", &settings));
        assert_eq!((&changed.sealed[..], waiting(&store)), (&b"sealed anew"[..], vec![1]));
        assert!(store.change_channel(id, "c", &settings, b"x").unwrap().is_some(), "its own name is free");
        assert!(matches!(store.change_channel(id, "b", &settings, b"x"), Err(StateError::Invalid(_))));
        assert!(store.change_channel(99, "d", &settings, b"x").unwrap().is_none());
    }

    #[test]
    fn a_channel_that_was_off_does_not_tell_what_happened_meanwhile() {
        let store = Store::in_memory();
        let id = channel(&store, "a");
        assert!(store.enable_channel(id, false).unwrap() && !store.enable_channel(99, true).unwrap());
        store.record_detection(&detection("c1"), false, Time(2)).unwrap();
        store.note_deliveries(id, |_| Some(Time(3)), Time(3)).unwrap();
        store.enable_channel(id, true).unwrap();
        store.note_deliveries(id, |_| Some(Time(3)), Time(3)).unwrap();
        assert!(waiting(&store).is_empty());
        assert!(store.add_channel("a", &Settings::default(), |_| Some(vec![]), "x", Time(1)).is_err());
        assert!(store.remove_channel(id).unwrap() && !store.remove_channel(id).unwrap());
    }
}
