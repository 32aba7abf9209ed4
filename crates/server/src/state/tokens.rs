//! API tokens: for programs, with a role and an optional end. Only their digest is kept.

use super::sessions::read_role;
use super::{StateError, Store};
use crate::access::{Identity, IdentityKind, Role};
use crate::secret::{Secret, digest};
use rusqlite::{OptionalExtension, params};
use vedette_event::Time;

/// How old `last_used` may be before it is written again, in microseconds.
const TOUCH_EVERY: i64 = 60 * 1_000_000;
/// So that a script gone wild fills no disk.
const MOST: i64 = 1000;

#[derive(Clone, Debug, PartialEq)]
pub struct TokenRecord {
    pub id: i64,
    pub name: String,
    pub role: Role,
    pub created_at: Time,
    pub created_by: String,
    pub last_used: Option<Time>,
    pub expires_at: Option<Time>,
}

/// What a new token shall be.
#[derive(Clone, Debug)]
pub struct NewToken<'a> {
    pub name: &'a str,
    pub role: Role,
    pub created_by: &'a str,
    pub expires_at: Option<Time>,
}

impl Store {
    /// Makes a token; it is shown to its maker once and not kept.
    pub fn add_token(&self, new: &NewToken<'_>, now: Time) -> Result<(i64, Secret), StateError> {
        let name = new.name.trim();
        if name.is_empty() || name.chars().count() > 100 {
            return Err(StateError::Invalid("a token's name has 1 to 100 characters"));
        }
        let connection = self.lock();
        let count: i64 = connection.query_row("SELECT count(*) FROM api_tokens", [], |row| row.get(0))?;
        if count >= MOST {
            return Err(StateError::Invalid("there are 1,000 tokens already: revoke some first"));
        }
        let token = Secret::random_with_prefix("vdt_");
        connection.execute(
            "INSERT INTO api_tokens (token_hash, name, role, created_at, created_by, expires_at)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
            params![
                token.digest(),
                name,
                new.role.as_str(),
                now.0,
                new.created_by,
                new.expires_at.map(|time| time.0)
            ],
        )?;
        Ok((connection.last_insert_rowid(), token))
    }

    pub fn tokens(&self) -> Result<Vec<TokenRecord>, StateError> {
        let connection = self.lock();
        let mut statement = connection.prepare(
            "SELECT id, name, role, created_at, created_by, last_used, expires_at FROM api_tokens ORDER BY id",
        )?;
        let tokens = statement
            .query_map([], |row| {
                Ok(TokenRecord {
                    id: row.get(0)?,
                    name: row.get(1)?,
                    role: read_role(row, 2)?,
                    created_at: Time(row.get(3)?),
                    created_by: row.get(4)?,
                    last_used: row.get::<_, Option<i64>>(5)?.map(Time),
                    expires_at: row.get::<_, Option<i64>>(6)?.map(Time),
                })
            })?
            .collect::<Result<_, _>>()?;
        Ok(tokens)
    }

    /// The identity behind a token that is alive.
    pub fn check_token(&self, token: &str, now: Time) -> Result<Option<Identity>, StateError> {
        let connection = self.lock();
        let found = connection
            .query_row(
                "SELECT id, name, role, expires_at, last_used FROM api_tokens
                 WHERE token_hash = ?1 AND (expires_at IS NULL OR expires_at > ?2)",
                params![digest(token), now.0],
                |row| {
                    let identity = Identity {
                        name: row.get(1)?,
                        role: read_role(row, 2)?,
                        kind: IdentityKind::Token,
                        number: Some(row.get(0)?),
                        expires_at: row.get::<_, Option<i64>>(3)?.map(Time),
                    };
                    Ok((identity, row.get::<_, Option<i64>>(4)?))
                },
            )
            .optional()?;
        let Some((identity, last_used)) = found else { return Ok(None) };
        if last_used.is_none_or(|last| now.0.saturating_sub(last) >= TOUCH_EVERY) {
            connection.execute(
                "UPDATE api_tokens SET last_used = ?2 WHERE id = ?1",
                params![identity.number, now.0],
            )?;
        }
        Ok(Some(identity))
    }

    /// False when there is no such token.
    pub fn revoke_token(&self, id: i64) -> Result<bool, StateError> {
        Ok(self.lock().execute("DELETE FROM api_tokens WHERE id = ?1", [id])? == 1)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn works_until_it_ends_or_is_revoked() {
        let store = Store::in_memory();
        let new = NewToken {
            name: "collector",
            role: Role::Ingest,
            created_by: "ada",
            expires_at: Some(Time(100)),
        };
        let (id, token) = store.add_token(&new, Time(0)).unwrap();
        let found = store.check_token(token.reveal(), Time(99)).unwrap().unwrap();
        assert_eq!((found.name.as_str(), found.role, found.number), ("collector", Role::Ingest, Some(id)));
        assert!(store.check_token(token.reveal(), Time(100)).unwrap().is_none());
        assert!(store.check_token("vdt_guess", Time(1)).unwrap().is_none());
        assert_eq!(store.tokens().unwrap()[0].last_used, Some(Time(99)));
        assert!(store.revoke_token(id).unwrap() && !store.revoke_token(id).unwrap());
        assert!(store.check_token(token.reveal(), Time(1)).unwrap().is_none());
    }
}
