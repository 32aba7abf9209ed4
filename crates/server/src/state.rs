//! State that changes, in SQLite: users, sessions, tokens, the life-cycle of alerts, settings.
//!
//! Belongs here: every SQL statement of the server, each parameterised, and what it means. Does
//! not belong here: facts that are only ever added (the lake), HTTP, passwords in clear beyond
//! the call that hashes them.
//!
//! All calls are synchronous and short. One connection behind one lock: writes are rare (a person
//! clicks, a campaign grows), and a lock held for well under a millisecond is cheaper than a pool.

mod alert_list;
mod alert_retention;
mod alerts;
mod api_keys;
mod audit;
mod blocks;
mod bulk;
mod calls;
mod captures;
mod exclusions;
mod grouping;
mod incidents;
mod library;
mod life_cycle;
mod migrate;
mod notify;
mod rule_runs;
mod rules;
mod sessions;
mod settings;
mod tokens;
mod users;
mod views;

pub use alert_list::{AlertFilter, ExcludedFilter, SelfTestFilter, Sort, SortKey};
pub use alerts::{AlertRecord, Stored};
pub use api_keys::{KeyKind, KeyRecord, KeySecret, NewKey, SignedCall};
pub use blocks::{BlockRecord, Ending, NewBlock};
pub use bulk::MOST_AT_ONCE;
pub use calls::Made;
pub use exclusions::{ExclusionRecord, NewExclusion, Preview};
pub use incidents::{IncidentEdit, IncidentFilter, IncidentRecord, IncidentSort};
pub use library::LibraryQuery;
pub use life_cycle::{Change, Comment, Edit, Resolution, Status};
pub use notify::{ChannelRecord, Delivery, Tried};
pub use rule_runs::Finished;
pub use rules::RuleRecord;
pub use sessions::SESSION_IDLE;
pub use tokens::{NewToken, TokenRecord};
pub use users::{MIN_PASSWORD, UserRecord};

use parking_lot::{Mutex, MutexGuard};
use rusqlite::Connection;
use std::path::Path;
use std::time::Duration;

/// What went wrong with the state, by whose fault.
#[derive(Debug, thiserror::Error)]
pub enum StateError {
    #[error("the state database was written by a newer Vedette (version {found}, this one knows {known})")]
    Newer { found: i64, known: i64 },
    #[error("the state database: {0}")]
    Sql(#[from] rusqlite::Error),
    #[error("the state database at {path}: {source}")]
    Io { path: String, source: std::io::Error },
    #[error("the state database holds a detection, finding or rule that cannot be read: {0}")]
    Detection(#[from] serde_json::Error),
    /// The caller's: the message is for them.
    #[error("{0}")]
    Invalid(&'static str),
    #[error("a password could not be hashed: {0}")]
    Hash(String),
    #[error("work on the state database broke off; this is a mistake of ours")]
    Broken,
}

/// The open state database.
pub struct Store {
    connection: Mutex<Connection>,
}

impl Store {
    /// Opens or makes the database file (mode 0600) and brings it to this version's schema.
    pub fn open(path: &Path) -> Result<Store, StateError> {
        crate::files::private_file(path)
            .map_err(|source| StateError::Io { path: path.display().to_string(), source })?;
        let connection = Connection::open(path)?;
        Store::prepare(connection)
    }

    fn prepare(mut connection: Connection) -> Result<Store, StateError> {
        connection.busy_timeout(Duration::from_secs(5))?;
        connection.pragma_update(None, "journal_mode", "WAL")?;
        // A committed change survives a crash of the process; a power cut may cost the last ones.
        connection.pragma_update(None, "synchronous", "NORMAL")?;
        connection.pragma_update(None, "foreign_keys", true)?;
        // Defends against a database file that somebody prepared.
        connection.pragma_update(None, "trusted_schema", false)?;
        migrate::run(&mut connection)?;
        Ok(Store { connection: Mutex::new(connection) })
    }

    fn lock(&self) -> MutexGuard<'_, Connection> {
        self.connection.lock()
    }

    /// Whether the database answers.
    pub fn check(&self) -> Result<(), StateError> {
        self.lock().query_row("SELECT count(*) FROM settings", [], |_| Ok(()))?;
        Ok(())
    }
}

#[cfg(test)]
pub(crate) mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    pub(crate) use alerts::tests::{detection, finding};

    impl Store {
        pub(crate) fn in_memory() -> Store {
            Store::prepare(Connection::open_in_memory().unwrap()).unwrap()
        }

        /// Takes the table of alerts away, and gives it back.
        pub(crate) fn break_alerts(&self, broken: bool) {
            let (from, to) = if broken { ("alerts", "away") } else { ("away", "alerts") };
            self.lock().execute_batch(&format!("ALTER TABLE {from} RENAME TO {to}")).unwrap();
        }
    }
}
