//! The same change to many alerts.

use super::alerts::load;
use super::life_cycle::{edit_in, known_assignee};
use super::{AlertRecord, Edit, StateError, Store};
use vedette_event::Time;

/// Alerts of one call.
pub const MOST_AT_ONCE: u32 = 10_000;
/// Changed in one transaction: in between others get at the database.
const STEP: usize = 250;

/// What a change of many did.
#[derive(Clone, Debug, Default)]
pub struct Bulk {
    pub changed: Vec<AlertRecord>,
    /// They were as wanted already.
    pub unchanged: u64,
    /// There is no alert of this number.
    pub missing: Vec<i64>,
    /// They could not be changed, and why.
    pub refused: Vec<(i64, String)>,
}

impl Store {
    /// Makes one change to many alerts, each for itself: one that cannot be changed keeps none of the
    /// others. What is as wanted already is left alone, so that the same call again does nothing.
    pub fn edit_many(
        &self,
        ids: &[i64],
        edit: &Edit<'_>,
        actor: &str,
        now: Time,
    ) -> Result<Bulk, StateError> {
        if let Some(assignee) = edit.assignee {
            known_assignee(&self.lock(), assignee)?;
        }
        let mut done = Bulk::default();
        for some in ids.chunks(STEP) {
            let mut connection = self.lock();
            let mut transaction = connection.transaction()?;
            for id in some {
                let Some(before) = load(&transaction, *id)? else {
                    done.missing.push(*id);
                    continue;
                };
                if is_so(&before, edit) {
                    done.unchanged += 1;
                    continue;
                }
                let point = transaction.savepoint()?;
                match edit_in(&point, *id, edit, actor, now) {
                    Ok(after) => {
                        point.commit()?;
                        done.changed.extend(after);
                    }
                    // Dropping the savepoint takes back what was done half.
                    Err(StateError::Invalid(why)) => done.refused.push((*id, why.to_owned())),
                    Err(other) => return Err(other),
                }
            }
            transaction.commit()?;
        }
        Ok(done)
    }
}

/// Whether an alert is as the edit wants it. A comment is always something new.
fn is_so(alert: &AlertRecord, edit: &Edit<'_>) -> bool {
    edit.comment.is_none()
        && edit.status.is_none_or(|status| alert.life.status == status.as_str())
        && edit.resolution.is_none_or(|why| alert.life.resolution.as_deref() == Some(why.as_str()))
        && edit.assignee.is_none_or(|who| alert.life.assignee.as_deref() == who)
        && edit.severity.is_none_or(|severity| alert.severity() == severity)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::super::alerts::tests::detection;
    use super::super::{Resolution, Status};
    use super::*;
    use crate::access::Role;

    fn store(count: usize) -> Store {
        let store = Store::in_memory();
        store.add_user("ada", "correct horse battery", Role::Analyst, Time(0)).unwrap();
        for n in 0..count {
            store.record_detection(&detection(&format!("c{n}")), false, Time(1)).unwrap();
        }
        store
    }

    fn close() -> Edit<'static> {
        Edit { status: Some(Status::Closed), resolution: Some(Resolution::Benign), ..Edit::default() }
    }

    #[test]
    fn many_are_changed_once() {
        let store = store(600);
        let ids: Vec<i64> = (1..=601).collect();
        let done = store.edit_many(&ids, &close(), "ada", Time(5)).unwrap();
        assert_eq!((done.changed.len(), done.unchanged, done.missing), (600, 0, vec![601]));
        let again = store.edit_many(&ids, &close(), "ada", Time(6)).unwrap();
        assert_eq!((again.changed.len(), again.unchanged), (0, 600));
        let history = store.history(600).unwrap();
        assert_eq!(history.iter().filter(|change| change.field == "status").count(), 1);
    }

    #[test]
    fn one_that_cannot_be_changed_keeps_none_of_the_others() {
        let store = store(3);
        store.edit_alert(2, &close(), "ada", Time(2)).unwrap();
        // Only a closed alert has a resolution.
        let edit = Edit {
            assignee: Some(Some("ada")),
            resolution: Some(Resolution::Other),
            comment: Some("x"),
            ..Edit::default()
        };
        let done = store.edit_many(&[1, 2, 3], &edit, "ada", Time(5)).unwrap();
        assert_eq!((done.changed.len(), done.refused.len()), (1, 2));
        assert_eq!(done.refused[0].0, 1);
        assert!(store.comments(1).unwrap().is_empty(), "nothing of it is half done");
        assert_eq!(store.alert(2).unwrap().unwrap().life.resolution.as_deref(), Some("other"));
    }

    #[test]
    fn an_unknown_assignee_changes_nothing() {
        let store = store(2);
        let edit = Edit { assignee: Some(Some("eve")), severity: None, ..close() };
        assert!(store.edit_many(&[1, 2], &edit, "ada", Time(5)).is_err());
        assert_eq!(store.alert(1).unwrap().unwrap().life.status, "new");
        let nobody = Edit { assignee: Some(None), ..Edit::default() };
        assert_eq!(store.edit_many(&[1, 2], &nobody, "ada", Time(5)).unwrap().unchanged, 2);
    }
}
