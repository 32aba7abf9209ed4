//! Sessions of signed-in users. Only the digest of a session's token is kept.

use super::{StateError, Store};
use crate::access::Role;
use crate::secret::{Secret, digest};
use rusqlite::{OptionalExtension, Row, params};
use vedette_event::Time;

/// A session ends this long after its last use, in microseconds (12 hours) …
pub const SESSION_IDLE: i64 = 12 * 3600 * 1_000_000;
/// … and this long after its sign-in, whatever happens (7 days).
const SESSION_LIFE: i64 = 7 * 24 * 3600 * 1_000_000;
/// How old `last_used` may be before it is written again.
const TOUCH_EVERY: i64 = 60 * 1_000_000;
/// Sessions of one user; the oldest ends when another begins.
const SESSIONS_PER_USER: i64 = 20;

#[derive(Clone, Debug, PartialEq)]
pub struct SessionInfo {
    pub username: String,
    pub role: Role,
    pub expires_at: Time,
}

pub(super) fn read_role(row: &Row<'_>, column: usize) -> rusqlite::Result<Role> {
    let text: String = row.get(column)?;
    Role::parse(&text).ok_or_else(|| {
        let wrong = format!("no such role: {text}");
        rusqlite::Error::FromSqlConversionFailure(column, rusqlite::types::Type::Text, wrong.into())
    })
}

impl Store {
    /// Begins a session; the token goes to the client and is not kept.
    pub fn begin_session(&self, username: &str, now: Time) -> Result<(Secret, Time), StateError> {
        let token = Secret::random();
        let expires_at = now.plus(SESSION_IDLE);
        let mut connection = self.lock();
        let transaction = connection.transaction()?;
        transaction.execute("DELETE FROM sessions WHERE expires_at <= ?1", [now.0])?;
        transaction.execute(
            "INSERT INTO sessions (token_hash, username, created_at, last_used, expires_at)
             VALUES (?1, ?2, ?3, ?3, ?4)",
            params![token.digest(), username, now.0, expires_at.0],
        )?;
        transaction.execute(
            "DELETE FROM sessions WHERE token_hash IN (SELECT token_hash FROM sessions
             WHERE username = ?1 ORDER BY last_used DESC, rowid DESC LIMIT -1 OFFSET ?2)",
            params![username, SESSIONS_PER_USER],
        )?;
        transaction.commit()?;
        Ok((token, expires_at))
    }

    /// The session of a token, when it is alive and its user is not disabled; being asked for
    /// keeps it alive.
    pub fn session(&self, token: &str, now: Time) -> Result<Option<SessionInfo>, StateError> {
        let key = digest(token);
        let connection = self.lock();
        let found = connection
            .query_row(
                "SELECT s.username, u.role, s.expires_at, s.created_at, s.last_used
                 FROM sessions s JOIN users u USING (username)
                 WHERE s.token_hash = ?1 AND s.expires_at > ?2 AND NOT u.disabled",
                params![key, now.0],
                |row| {
                    let info = SessionInfo {
                        username: row.get(0)?,
                        role: read_role(row, 1)?,
                        expires_at: Time(row.get(2)?),
                    };
                    Ok((info, row.get::<_, i64>(3)?, row.get::<_, i64>(4)?))
                },
            )
            .optional()?;
        let Some((mut info, created_at, last_used)) = found else { return Ok(None) };
        if now.0.saturating_sub(last_used) >= TOUCH_EVERY {
            info.expires_at = now.plus(SESSION_IDLE).min(Time(created_at).plus(SESSION_LIFE));
            connection.execute(
                "UPDATE sessions SET last_used = ?2, expires_at = ?3 WHERE token_hash = ?1",
                params![key, now.0, info.expires_at.0],
            )?;
        }
        Ok(Some(info))
    }

    pub fn end_session(&self, token: &str) -> Result<(), StateError> {
        self.lock().execute("DELETE FROM sessions WHERE token_hash = ?1", [digest(token)])?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn store() -> Store {
        let store = Store::in_memory();
        store.add_user("ada", "correct horse battery", Role::Analyst, Time(0)).unwrap();
        store
    }

    #[test]
    fn lives_while_used_and_dies_when_idle() {
        let store = store();
        let (token, expires_at) = store.begin_session("ada", Time(0)).unwrap();
        assert_eq!(expires_at, Time(SESSION_IDLE));
        let half = Time(SESSION_IDLE / 2);
        let info = store.session(token.reveal(), half).unwrap().unwrap();
        assert_eq!((info.username.as_str(), info.role), ("ada", Role::Analyst));
        assert_eq!(info.expires_at, half.plus(SESSION_IDLE));
        assert!(store.session(token.reveal(), half.plus(SESSION_IDLE)).unwrap().is_none());
        assert!(store.session("guessed", half).unwrap().is_none());
    }

    #[test]
    fn has_an_end_whatever_happens() {
        let store = store();
        let (token, _) = store.begin_session("ada", Time(0)).unwrap();
        let mut now = Time(0);
        while store.session(token.reveal(), now).unwrap().is_some() {
            now = now.plus(SESSION_IDLE / 2);
        }
        assert_eq!(now, Time(SESSION_LIFE));
    }

    #[test]
    fn ends_when_told_or_when_its_user_goes() {
        let store = store();
        let (one, _) = store.begin_session("ada", Time(0)).unwrap();
        let (two, _) = store.begin_session("ada", Time(0)).unwrap();
        store.end_session(one.reveal()).unwrap();
        assert!(store.session(one.reveal(), Time(1)).unwrap().is_none());
        assert!(store.session(two.reveal(), Time(1)).unwrap().is_some());
        store.set_password("ada", "another long password").unwrap();
        assert!(store.session(two.reveal(), Time(1)).unwrap().is_none());
    }

    #[test]
    fn a_user_has_a_bounded_number_of_them() {
        let store = store();
        let (first, _) = store.begin_session("ada", Time(0)).unwrap();
        for n in 0..SESSIONS_PER_USER {
            store.begin_session("ada", Time(1 + n)).unwrap();
        }
        assert!(store.session(first.reveal(), Time(50)).unwrap().is_none());
    }

    #[test]
    fn the_token_itself_is_not_stored() {
        let store = store();
        let (token, _) = store.begin_session("ada", Time(0)).unwrap();
        let stored: Vec<u8> =
            store.lock().query_row("SELECT token_hash FROM sessions", [], |row| row.get(0)).unwrap();
        assert_eq!(stored, token.digest());
        assert_ne!(stored, token.reveal().as_bytes());
    }
}
