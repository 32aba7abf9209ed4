//! The schema, step by step. `PRAGMA user_version` holds the number of the last step done.

use super::StateError;
use rusqlite::Connection;

const STEPS: &[&str] = &[
    include_str!("schema.sql"),
    include_str!("captures.sql"),
    include_str!("alert_sources.sql"),
    include_str!("library.sql"),
    include_str!("rules.sql"),
    include_str!("access.sql"),
    include_str!("incidents.sql"),
    include_str!("notify.sql"),
    include_str!("views.sql"),
    include_str!("exclusions.sql"),
    include_str!("blocks.sql"),
];

/// Brings the database to this version's schema, each step in a transaction of its own.
pub fn run(connection: &mut Connection) -> Result<(), StateError> {
    let known = STEPS.len() as i64;
    let found: i64 = connection.query_row("PRAGMA user_version", [], |row| row.get(0))?;
    if found > known {
        return Err(StateError::Newer { found, known });
    }
    for (index, step) in STEPS.iter().enumerate() {
        let number = index as i64 + 1;
        if number <= found {
            continue;
        }
        let transaction = connection.transaction()?;
        transaction.execute_batch(step)?;
        transaction.pragma_update(None, "user_version", number)?;
        transaction.commit()?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn alerts_of_earlier_versions_stay_what_they_were() {
        let mut connection = Connection::open_in_memory().unwrap();
        connection.execute_batch(&STEPS[..2].concat()).unwrap();
        connection.pragma_update(None, "user_version", 2).unwrap();
        connection
            .execute_batch(
                "INSERT INTO alerts (detection_id, status, active, self_test, created_at, updated_at,
                     detected_at, severity, probes, search, detection)
                 VALUES ('c1', 'new', 1, 0, 1, 1, 1, 2, 20, 'x', '{}')",
            )
            .unwrap();
        run(&mut connection).unwrap();
        let found: (String, String) = connection
            .query_row("SELECT subject_key, source FROM alerts", [], |row| Ok((row.get(0)?, row.get(1)?)))
            .unwrap();
        assert_eq!(found, ("c1".to_owned(), "detection".to_owned()));
    }

    #[test]
    fn runs_once_and_refuses_a_newer_database() {
        let mut connection = Connection::open_in_memory().unwrap();
        run(&mut connection).unwrap();
        run(&mut connection).unwrap();
        connection.pragma_update(None, "user_version", 99).unwrap();
        assert!(matches!(run(&mut connection), Err(StateError::Newer { found: 99, .. })));
    }
}
