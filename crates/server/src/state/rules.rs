//! Correlation rules: their texts, and where each stands.

use super::{StateError, Store};
use crate::rules::rule::{Mode, Rule};
use crate::rules::schedule::Schedule;
use crate::rules::shipped::Shipped;
use rusqlite::{Connection, OptionalExtension, Row, Transaction, params};
use vedette_event::Time;

/// Rules there may be.
const MOST_RULES: i64 = 2000;

/// A rule and where it stands.
#[derive(Clone, Debug, PartialEq)]
pub struct RuleRecord {
    pub id: i64,
    /// Name of the file of a rule that came with Vedette.
    pub shipped: Option<String>,
    /// It came with Vedette and somebody changed it since.
    pub modified: bool,
    pub enabled: bool,
    pub created_at: Time,
    pub created_by: String,
    pub updated_at: Time,
    pub updated_by: String,
    pub cursor: Time,
    pub next_due: Time,
    pub failing_since: Option<Time>,
    pub last_error: Option<String>,
    pub rule: Rule,
}

const COLUMNS: &str = "id, shipped, shipped_rule IS NOT NULL AND shipped_rule != rule, enabled, created_at, \
     created_by, updated_at, updated_by, cursor, next_due, failing_since, last_error, rule";

fn read(row: &Row<'_>) -> rusqlite::Result<(RuleRecord, String)> {
    let record = RuleRecord {
        id: row.get(0)?,
        shipped: row.get(1)?,
        modified: row.get(2)?,
        enabled: row.get(3)?,
        created_at: Time(row.get(4)?),
        created_by: row.get(5)?,
        updated_at: Time(row.get(6)?),
        updated_by: row.get(7)?,
        cursor: Time(row.get(8)?),
        next_due: Time(row.get(9)?),
        failing_since: row.get::<_, Option<i64>>(10)?.map(Time),
        last_error: row.get(11)?,
        rule: Rule::default(),
    };
    Ok((record, row.get(12)?))
}

fn finish((mut record, json): (RuleRecord, String)) -> Result<RuleRecord, StateError> {
    record.rule = serde_json::from_str(&json)?;
    Ok(record)
}

pub(super) fn load(connection: &Connection, id: i64) -> Result<Option<RuleRecord>, StateError> {
    let sql = format!("SELECT {COLUMNS} FROM rules WHERE id = ?1");
    connection.query_row(&sql, [id], read).optional()?.map(finish).transpose()
}

/// An enabled rule that fails.
#[derive(Clone, Debug, PartialEq)]
pub struct FailingRule {
    pub id: i64,
    pub name: String,
    pub since: Time,
    pub error: String,
}

/// A schedule that cannot be read is looked at so often: the run then says so.
const UNREADABLE: i64 = 60_000_000;

/// When a rule whose cursor stands here is to be looked at again.
pub fn due_after(rule: &Rule, cursor: Time) -> Time {
    match rule.mode {
        Mode::RealTime => Time::ZERO,
        Mode::Scheduled => {
            let schedule = Schedule::parse(&rule.schedule, &rule.timezone);
            schedule.map_or(cursor.plus(UNREADABLE), |schedule| schedule.due_after(cursor))
        }
    }
}

impl Store {
    /// Brings in the rules that came with this version. One that somebody changed keeps its text; the
    /// others follow. Returns how many are new or changed.
    pub fn seed_rules(&self, shipped: &[Shipped], now: Time) -> Result<usize, StateError> {
        let mut connection = self.lock();
        let transaction = connection.transaction()?;
        let mut changed = 0;
        for one in shipped {
            let text = serde_json::to_string(&one.rule)?;
            let known: Option<(i64, String, String)> = transaction
                .query_row(
                    "SELECT id, rule, coalesce(shipped_rule, '') FROM rules WHERE shipped = ?1",
                    [&one.file],
                    |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)),
                )
                .optional()?;
            match known {
                None => {
                    let new = New { rule: &one.rule, enabled: one.enabled, by: super::alerts::OURSELVES };
                    insert(&transaction, &new, Some(&one.file), now)?;
                    changed += 1;
                }
                Some((id, current, before)) if before != text => {
                    transaction
                        .execute("UPDATE rules SET shipped_rule = ?2 WHERE id = ?1", params![id, text])?;
                    // Only written otherwise, by an earlier version: its windows go on.
                    if serde_json::from_str::<Rule>(&before).is_ok_and(|before| before == one.rule) {
                        let same = "UPDATE rules SET rule = ?2 WHERE id = ?1 AND rule = ?3";
                        transaction.execute(same, params![id, text, before])?;
                    } else if current == before {
                        replace(&transaction, id, &one.rule, super::alerts::OURSELVES, now)?;
                        changed += 1;
                    }
                }
                Some(_) => {}
            }
        }
        transaction.commit()?;
        Ok(changed)
    }

    pub fn rules(&self) -> Result<Vec<RuleRecord>, StateError> {
        let connection = self.lock();
        let mut statement = connection.prepare(&format!("SELECT {COLUMNS} FROM rules ORDER BY id"))?;
        let mut rules = Vec::new();
        for row in statement.query_map([], read)? {
            rules.push(finish(row?)?);
        }
        Ok(rules)
    }

    pub fn failing_rules(&self) -> Result<Vec<FailingRule>, StateError> {
        let connection = self.lock();
        let mut statement = connection.prepare(
            "SELECT id, json_extract(rule, '$.name'), failing_since, coalesce(last_error, '') FROM rules
             WHERE enabled AND failing_since IS NOT NULL ORDER BY id",
        )?;
        let read = |row: &Row<'_>| {
            Ok(FailingRule {
                id: row.get(0)?,
                name: row.get(1)?,
                since: Time(row.get(2)?),
                error: row.get(3)?,
            })
        };
        let rules = statement.query_map([], read)?.collect::<Result<_, _>>()?;
        Ok(rules)
    }

    pub fn rule(&self, id: i64) -> Result<Option<RuleRecord>, StateError> {
        load(&self.lock(), id)
    }

    /// Rules to be looked at now: those that are due, and those whose cursor lies ahead because the
    /// clock went back.
    pub fn due_rules(&self, now: Time) -> Result<Vec<RuleRecord>, StateError> {
        let connection = self.lock();
        let sql = format!("SELECT {COLUMNS} FROM rules WHERE enabled AND (next_due <= ?1 OR cursor > ?1)");
        let mut statement = connection.prepare(&sql)?;
        let mut rules = Vec::new();
        for row in statement.query_map([now.0], read)? {
            rules.push(finish(row?)?);
        }
        Ok(rules)
    }

    pub fn add_rule(
        &self,
        rule: &Rule,
        enabled: bool,
        by: &str,
        now: Time,
    ) -> Result<RuleRecord, StateError> {
        let mut connection = self.lock();
        let transaction = connection.transaction()?;
        let count: i64 = transaction.query_row("SELECT count(*) FROM rules", [], |row| row.get(0))?;
        if count >= MOST_RULES {
            return Err(StateError::Invalid("there are 2,000 rules already; delete some first"));
        }
        let id = insert(&transaction, &New { rule, enabled, by }, None, now)?;
        let record = load(&transaction, id)?.ok_or(StateError::Invalid("the rule vanished"))?;
        transaction.commit()?;
        Ok(record)
    }

    /// Changes a rule's text, or whether it runs; `None` when there is no such rule. It then begins
    /// anew from now: windows before the change were those of another rule.
    pub fn change_rule(
        &self,
        id: i64,
        rule: Option<&Rule>,
        enabled: Option<bool>,
        by: &str,
        now: Time,
    ) -> Result<Option<RuleRecord>, StateError> {
        let mut connection = self.lock();
        let transaction = connection.transaction()?;
        let Some(before) = load(&transaction, id)? else { return Ok(None) };
        if let Some(rule) = rule.filter(|rule| **rule != before.rule) {
            replace(&transaction, id, rule, by, now)?;
        }
        if let Some(enabled) = enabled.filter(|enabled| *enabled != before.enabled) {
            transaction.execute(
                "UPDATE rules SET enabled = ?2, updated_at = ?3, updated_by = ?4 WHERE id = ?1",
                params![id, enabled, now.0, by],
            )?;
            begin_anew(&transaction, id, rule.unwrap_or(&before.rule), now)?;
        }
        let after = load(&transaction, id)?;
        transaction.commit()?;
        Ok(after)
    }

    /// False when there is no such rule. A rule that came with Vedette can only be switched off.
    pub fn remove_rule(&self, id: i64) -> Result<bool, StateError> {
        let connection = self.lock();
        let shipped: Option<bool> = connection
            .query_row("SELECT shipped IS NOT NULL FROM rules WHERE id = ?1", [id], |row| row.get(0))
            .optional()?;
        match shipped {
            None => Ok(false),
            Some(true) => {
                Err(StateError::Invalid("a rule that came with Vedette cannot be deleted; switch it off"))
            }
            Some(false) => {
                connection.execute("DELETE FROM rules WHERE id = ?1", [id])?;
                Ok(true)
            }
        }
    }

    /// Makes a rule what it was when it came; `None` when it did not come with Vedette.
    pub fn restore_rule(&self, id: i64, by: &str, now: Time) -> Result<Option<RuleRecord>, StateError> {
        let text: Option<Option<String>> = self
            .lock()
            .query_row("SELECT shipped_rule FROM rules WHERE id = ?1", [id], |row| row.get(0))
            .optional()?;
        let Some(text) = text.flatten() else { return Ok(None) };
        self.change_rule(id, Some(&serde_json::from_str(&text)?), None, by, now)
    }
}

struct New<'a> {
    rule: &'a Rule,
    enabled: bool,
    by: &'a str,
}

fn insert(
    transaction: &Transaction<'_>,
    new: &New<'_>,
    shipped: Option<&str>,
    now: Time,
) -> Result<i64, StateError> {
    let text = serde_json::to_string(new.rule)?;
    transaction.execute(
        "INSERT INTO rules (shipped, shipped_rule, rule, enabled, created_at, created_by, updated_at,
             updated_by, cursor, next_due)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?5, ?6, ?5, ?7)",
        params![
            shipped,
            shipped.map(|_| &text),
            text,
            new.enabled,
            now.0,
            new.by,
            due_after(new.rule, now).0
        ],
    )?;
    Ok(transaction.last_insert_rowid())
}

fn replace(
    transaction: &Transaction<'_>,
    id: i64,
    rule: &Rule,
    by: &str,
    now: Time,
) -> Result<(), StateError> {
    transaction.execute(
        "UPDATE rules SET rule = ?2, updated_at = ?3, updated_by = ?4 WHERE id = ?1",
        params![id, serde_json::to_string(rule)?, now.0, by],
    )?;
    begin_anew(transaction, id, rule, now)
}

fn begin_anew(transaction: &Transaction<'_>, id: i64, rule: &Rule, now: Time) -> Result<(), StateError> {
    transaction.execute(
        "UPDATE rules SET cursor = ?2, next_due = ?3, failing_since = NULL, last_error = NULL WHERE id = ?1",
        params![id, now.0, due_after(rule, now).0],
    )?;
    Ok(())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn rule(name: &str) -> Rule {
        Rule {
            name: name.into(),
            query: "dataset = xdr_data".into(),
            severity: "low".into(),
            schedule: "10 minutes".into(),
            ..Rule::default()
        }
    }

    fn shipped(name: &str) -> Vec<Shipped> {
        vec![Shipped { file: "a.toml".into(), rule: rule(name), enabled: true, examples: Vec::new() }]
    }

    const MINUTE: i64 = 60_000_000;

    #[test]
    fn shipped_rules_follow_unless_somebody_changed_them() {
        let store = Store::in_memory();
        assert_eq!(store.seed_rules(&shipped("one"), Time(0)).unwrap(), 1);
        assert_eq!(store.seed_rules(&shipped("one"), Time(1)).unwrap(), 0);
        assert_eq!(store.seed_rules(&shipped("two"), Time(2)).unwrap(), 1);
        let only = store.rules().unwrap().pop().unwrap();
        assert_eq!((only.rule.name.as_str(), only.modified), ("two", false));
        store.change_rule(only.id, Some(&rule("mine")), Some(false), "ada", Time(3)).unwrap();
        assert_eq!(store.seed_rules(&shipped("three"), Time(4)).unwrap(), 0);
        let kept = store.rule(only.id).unwrap().unwrap();
        assert!(kept.modified && !kept.enabled && kept.rule.name == "mine" && kept.updated_by == "ada");
        let restored = store.restore_rule(only.id, "ada", Time(5)).unwrap().unwrap();
        assert!(!restored.modified && restored.rule.name == "three");
        assert!(matches!(store.remove_rule(only.id), Err(StateError::Invalid(_))));
    }

    #[test]
    fn a_text_of_an_earlier_version_is_the_same_rule() {
        let store = Store::in_memory();
        store.seed_rules(&shipped("one"), Time(0)).unwrap();
        let older = "UPDATE rules SET rule = json_remove(rule, '$.lookup_keys'),
                         shipped_rule = json_remove(shipped_rule, '$.lookup_keys'), cursor = 7";
        store.lock().execute(older, []).unwrap();
        assert_eq!(store.seed_rules(&shipped("one"), Time(9)).unwrap(), 0);
        let only = store.rules().unwrap().pop().unwrap();
        assert_eq!((only.cursor, only.modified), (Time(7), false), "its windows go on");
        let restored = store.restore_rule(only.id, "ada", Time(10)).unwrap().unwrap();
        assert!(!restored.modified);
    }

    #[test]
    fn rules_are_added_changed_and_removed() {
        let store = Store::in_memory();
        let added = store.add_rule(&rule("x'; DROP TABLE rules; --"), true, "ada", Time(0)).unwrap();
        assert_eq!(store.rule(added.id).unwrap().unwrap(), added);
        let off = store.change_rule(added.id, None, Some(false), "bob", Time(7)).unwrap().unwrap();
        assert_eq!((off.enabled, off.cursor, off.rule), (false, Time(7), added.rule));
        assert!(store.change_rule(99, None, Some(true), "bob", Time(8)).unwrap().is_none());
        assert!(store.remove_rule(added.id).unwrap() && !store.remove_rule(added.id).unwrap());
    }

    #[test]
    fn due_are_those_whose_time_has_come() {
        let store = Store::in_memory();
        let id = store.add_rule(&rule("a"), true, "ada", Time(0)).unwrap().id;
        let due = |now| store.due_rules(now).unwrap().iter().map(|rule| rule.id).collect::<Vec<_>>();
        assert_eq!(due(Time(10 * MINUTE)), [0; 0]);
        assert_eq!(due(Time(10 * MINUTE + 10_000_000)), [id]);
        assert_eq!(due(Time(-1)), [id], "the clock went back");
        store.change_rule(id, None, Some(false), "ada", Time(0)).unwrap();
        assert_eq!(due(Time(i64::MAX)), [0; 0]);
    }
}
