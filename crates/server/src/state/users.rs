//! Users and their passwords (argon2id).

use super::{StateError, Store};
use crate::access::Role;
use argon2::password_hash::{PasswordHash, PasswordHasher, PasswordVerifier, SaltString};
use argon2::{Algorithm, Argon2, Params, Version};
use rusqlite::{OptionalExtension, Row, params};
use std::sync::OnceLock;
use vedette_event::Time;

/// Shortest password, in characters.
pub const MIN_PASSWORD: usize = 12;
/// Longest, in bytes: more only costs time.
const MAX_PASSWORD: usize = 1024;

#[derive(Clone, Debug, PartialEq)]
pub struct UserRecord {
    pub username: String,
    pub role: Role,
    pub created_at: Time,
    pub last_sign_in: Option<Time>,
    pub disabled: bool,
}

const COLUMNS: &str = "username, role, created_at, last_sign_in, disabled";

fn read(row: &Row<'_>) -> rusqlite::Result<UserRecord> {
    Ok(UserRecord {
        username: row.get(0)?,
        role: super::sessions::read_role(row, 1)?,
        created_at: Time(row.get(2)?),
        last_sign_in: row.get::<_, Option<i64>>(3)?.map(Time),
        disabled: row.get(4)?,
    })
}

/// 19 MiB, two passes, one lane: the smallest recommended setting, so that a sign-in costs some
/// tens of milliseconds of one core and little memory.
fn hasher() -> Argon2<'static> {
    let params = Params::new(19 * 1024, 2, 1, None).unwrap_or_default();
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
}

fn hash(password: &str) -> Result<String, StateError> {
    let wrong = |error: argon2::password_hash::Error| StateError::Hash(error.to_string());
    let salt = SaltString::encode_b64(&rand::random::<[u8; 16]>()).map_err(wrong)?;
    Ok(hasher().hash_password(password.as_bytes(), &salt).map_err(wrong)?.to_string())
}

fn verify(password: &str, hash: &str) -> bool {
    PasswordHash::new(hash).is_ok_and(|parsed| hasher().verify_password(password.as_bytes(), &parsed).is_ok())
}

/// A hash nobody's password has: verified against for unknown users, so that the time of an
/// answer does not tell who exists.
fn nobody() -> &'static str {
    static HASH: OnceLock<String> = OnceLock::new();
    HASH.get_or_init(|| hash(crate::secret::Secret::random().reveal()).unwrap_or_default())
}

/// The stored form of a user name, or why it cannot be one.
pub fn clean_username(text: &str) -> Result<String, StateError> {
    let name = text.trim().to_lowercase();
    let fine = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "._@-".contains(c);
    match name.len() {
        1..=64 if name.chars().all(fine) => Ok(name),
        _ => Err(StateError::Invalid("a user name has 1 to 64 characters of a-z, 0-9 and . _ @ -")),
    }
}

fn check_password(password: &str) -> Result<(), StateError> {
    if password.chars().count() < MIN_PASSWORD {
        return Err(StateError::Invalid("a password has at least 12 characters"));
    }
    if password.len() > MAX_PASSWORD {
        return Err(StateError::Invalid("a password has at most 1024 bytes"));
    }
    Ok(())
}

impl Store {
    pub fn has_users(&self) -> Result<bool, StateError> {
        Ok(self.lock().query_row("SELECT EXISTS (SELECT 1 FROM users)", [], |row| row.get(0))?)
    }

    /// Adds a user; false when the name is taken. Hashing takes tens of milliseconds: call it
    /// where blocking is fine.
    pub fn add_user(&self, name: &str, password: &str, role: Role, now: Time) -> Result<bool, StateError> {
        self.insert_user(name, password, role, now, false)
    }

    /// Adds the first user; false when there is any user already, even one added meanwhile.
    pub fn add_first_user(&self, name: &str, password: &str, now: Time) -> Result<bool, StateError> {
        self.insert_user(name, password, Role::Administrator, now, true)
    }

    fn insert_user(
        &self,
        name: &str,
        password: &str,
        role: Role,
        now: Time,
        first: bool,
    ) -> Result<bool, StateError> {
        let name = clean_username(name)?;
        check_password(password)?;
        let hash = hash(password)?;
        let added = self.lock().execute(
            "INSERT OR IGNORE INTO users (username, password_hash, role, created_at)
             SELECT ?1, ?2, ?3, ?4 WHERE NOT ?5 OR NOT EXISTS (SELECT 1 FROM users)",
            params![name, hash, role.as_str(), now.0, first],
        )?;
        Ok(added == 1)
    }

    pub fn users(&self) -> Result<Vec<UserRecord>, StateError> {
        let connection = self.lock();
        let mut statement = connection.prepare(&format!("SELECT {COLUMNS} FROM users ORDER BY username"))?;
        let users = statement.query_map([], read)?.collect::<Result<_, _>>()?;
        Ok(users)
    }

    pub fn user(&self, name: &str) -> Result<Option<UserRecord>, StateError> {
        let connection = self.lock();
        let sql = format!("SELECT {COLUMNS} FROM users WHERE username = ?1");
        Ok(connection.query_row(&sql, [name.to_lowercase()], read).optional()?)
    }

    /// The user, when the password is theirs and they are not disabled. Takes as long when there
    /// is no such user.
    pub fn check_credentials(&self, name: &str, password: &str) -> Result<Option<UserRecord>, StateError> {
        if password.len() > MAX_PASSWORD {
            return Ok(None);
        }
        let name = name.trim().to_lowercase();
        let stored: Option<String> = self
            .lock()
            .query_row("SELECT password_hash FROM users WHERE username = ?1", [&name], |row| row.get(0))
            .optional()?;
        // The lock is not held here: hashing is slow on purpose.
        let right = verify(password, stored.as_deref().unwrap_or_else(|| nobody()));
        if !right || stored.is_none() {
            return Ok(None);
        }
        Ok(self.user(&name)?.filter(|user| !user.disabled))
    }

    pub fn note_sign_in(&self, name: &str, now: Time) -> Result<(), StateError> {
        self.lock()
            .execute("UPDATE users SET last_sign_in = ?2 WHERE username = ?1", params![name, now.0])?;
        Ok(())
    }

    /// Sets a new password and ends all sessions of the user; false when there is no such user.
    pub fn set_password(&self, name: &str, password: &str) -> Result<bool, StateError> {
        check_password(password)?;
        let hash = hash(password)?;
        let mut connection = self.lock();
        let transaction = connection.transaction()?;
        let changed = transaction
            .execute("UPDATE users SET password_hash = ?2 WHERE username = ?1", params![name, hash])?;
        transaction.execute("DELETE FROM sessions WHERE username = ?1", [name])?;
        transaction.commit()?;
        Ok(changed == 1)
    }

    /// Changes role or state; false when there is no such user. The last administrator who can
    /// sign in cannot be taken away.
    pub fn update_user(
        &self,
        name: &str,
        role: Option<Role>,
        disabled: Option<bool>,
    ) -> Result<bool, StateError> {
        self.change_user(|transaction| {
            let changed = transaction.execute(
                "UPDATE users SET role = coalesce(?2, role), disabled = coalesce(?3, disabled)
                 WHERE username = ?1",
                params![name, role.map(Role::as_str), disabled],
            )?;
            // What a session may do is decided anew at the next sign-in.
            transaction.execute("DELETE FROM sessions WHERE username = ?1", [name])?;
            Ok(changed)
        })
    }

    /// Removes a user and their sessions; what they wrote stays under their name.
    pub fn remove_user(&self, name: &str) -> Result<bool, StateError> {
        self.change_user(|transaction| transaction.execute("DELETE FROM users WHERE username = ?1", [name]))
    }

    fn change_user(
        &self,
        change: impl FnOnce(&rusqlite::Transaction<'_>) -> rusqlite::Result<usize>,
    ) -> Result<bool, StateError> {
        let mut connection = self.lock();
        let transaction = connection.transaction()?;
        let changed = change(&transaction)?;
        let administrators: i64 = transaction.query_row(
            "SELECT count(*) FROM users WHERE role = 'administrator' AND NOT disabled",
            [],
            |row| row.get(0),
        )?;
        if changed == 1 && administrators == 0 {
            return Err(StateError::Invalid("the last administrator must stay: make another one first"));
        }
        transaction.commit()?;
        Ok(changed == 1)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    const GOOD: &str = "correct horse battery";

    #[test]
    fn only_the_right_password_of_an_enabled_user_is_accepted() {
        let store = Store::in_memory();
        assert!(store.add_user(" Ada ", GOOD, Role::Administrator, Time(1)).unwrap());
        assert!(store.add_user("bob", GOOD, Role::Viewer, Time(1)).unwrap());
        assert!(!store.add_user("ada", GOOD, Role::Viewer, Time(1)).unwrap());
        assert_eq!(store.check_credentials("ADA", GOOD).unwrap().unwrap().role, Role::Administrator);
        assert!(store.check_credentials("ada", "correct horse").unwrap().is_none());
        assert!(store.check_credentials("eve", GOOD).unwrap().is_none());
        assert!(store.check_credentials("ada", &"x".repeat(10_000)).unwrap().is_none());
        store.update_user("bob", None, Some(true)).unwrap();
        assert!(store.check_credentials("bob", GOOD).unwrap().is_none());
    }

    #[test]
    fn the_hash_is_argon2id_and_salted() {
        let (one, two) = (hash(GOOD).unwrap(), hash(GOOD).unwrap());
        assert!(one.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"));
        assert_ne!(one, two);
        assert!(verify(GOOD, &one) && !verify(GOOD, "") && !verify(GOOD, "$argon2id$nonsense"));
    }

    #[test]
    fn there_is_only_one_first_user() {
        let store = Store::in_memory();
        assert!(!store.has_users().unwrap());
        assert!(store.add_first_user("ada", GOOD, Time(1)).unwrap());
        assert!(!store.add_first_user("eve", GOOD, Time(1)).unwrap());
        assert!(store.user("eve").unwrap().is_none());
    }

    #[test]
    fn names_and_passwords_have_rules() {
        let store = Store::in_memory();
        for name in ["", "a b", "ä", "<script>", &"x".repeat(65), "a'b"] {
            assert!(matches!(store.add_user(name, GOOD, Role::Viewer, Time(1)), Err(StateError::Invalid(_))));
        }
        for password in ["short", &"x".repeat(2000)] {
            assert!(store.add_user("ada", password, Role::Viewer, Time(1)).is_err());
        }
    }

    #[test]
    fn the_last_administrator_stays() {
        let store = Store::in_memory();
        store.add_user("ada", GOOD, Role::Administrator, Time(1)).unwrap();
        assert!(store.remove_user("ada").is_err());
        assert!(store.update_user("ada", Some(Role::Viewer), None).is_err());
        assert!(store.update_user("ada", None, Some(true)).is_err());
        assert_eq!(store.user("ada").unwrap().unwrap().role, Role::Administrator);
        store.add_user("bob", GOOD, Role::Administrator, Time(1)).unwrap();
        assert!(store.remove_user("ada").unwrap());
        assert!(!store.remove_user("nobody").unwrap());
    }
}
