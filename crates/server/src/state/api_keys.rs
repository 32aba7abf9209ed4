//! API keys as clients of the Cortex API send them: a number, a secret, a role.
//!
//! A standard key is sent as it is, so its digest is enough to keep. An advanced key is never sent:
//! requests carry a hash over key, nonce and time, which needs the key itself, kept sealed.

use super::sessions::read_role;
use super::{StateError, Store};
use crate::access::Role;
use crate::sealing::Sealer;
use crate::secret::{Secret, digest};
use rusqlite::{Connection, OptionalExtension, Row, params};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use vedette_event::Time;

const TOUCH_EVERY: i64 = 60 * 1_000_000;
/// So that a script gone wild fills no disk.
const MOST: i64 = 1000;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum KeyKind {
    /// The key itself is sent.
    Standard,
    /// A hash over key, nonce and time is sent, the key never.
    Advanced,
}

impl KeyKind {
    pub fn as_str(self) -> &'static str {
        match self {
            KeyKind::Standard => "standard",
            KeyKind::Advanced => "advanced",
        }
    }
}

#[derive(Clone, Debug, PartialEq)]
pub struct KeyRecord {
    pub id: i64,
    pub name: String,
    pub kind: KeyKind,
    pub role: Role,
    pub created_at: Time,
    pub created_by: String,
    pub rotated_at: Option<Time>,
    pub last_used: Option<Time>,
    pub expires_at: Option<Time>,
}

/// What a new key shall be.
#[derive(Clone, Debug)]
pub struct NewKey<'a> {
    pub name: &'a str,
    pub kind: KeyKind,
    pub role: Role,
    pub created_by: &'a str,
    pub expires_at: Option<Time>,
}

/// What a request is checked against.
pub enum KeySecret {
    Standard([u8; 32]),
    Advanced(Secret),
}

const COLUMNS: &str = "id, name, kind, role, created_at, created_by, rotated_at, last_used, expires_at";

fn read(row: &Row<'_>) -> rusqlite::Result<KeyRecord> {
    let kind: String = row.get(2)?;
    let moment = |column| Ok::<_, rusqlite::Error>(row.get::<_, Option<i64>>(column)?.map(Time));
    Ok(KeyRecord {
        id: row.get(0)?,
        name: row.get(1)?,
        kind: if kind == "advanced" { KeyKind::Advanced } else { KeyKind::Standard },
        role: read_role(row, 3)?,
        created_at: Time(row.get(4)?),
        created_by: row.get(5)?,
        rotated_at: moment(6)?,
        last_used: moment(7)?,
        expires_at: moment(8)?,
    })
}

/// Whom the sealed secret belongs to: it opens in its own row only.
fn owner(id: i64) -> String {
    format!("api_key:{id}")
}

/// Digest and sealed form of a key: one of the two.
type Kept = (Option<[u8; 32]>, Option<Vec<u8>>);

fn kept(sealer: &Sealer, kind: KeyKind, id: i64, secret: &Secret) -> Result<Kept, StateError> {
    match kind {
        KeyKind::Standard => Ok((Some(secret.digest()), None)),
        KeyKind::Advanced => {
            let sealed = sealer.seal(&owner(id), secret.reveal().as_bytes());
            Ok((None, Some(sealed.ok_or(StateError::Broken)?)))
        }
    }
}

fn find(connection: &Connection, id: i64) -> Result<Option<KeyRecord>, StateError> {
    let sql = format!("SELECT {COLUMNS} FROM api_keys WHERE id = ?1");
    Ok(connection.query_row(&sql, [id], read).optional()?)
}

impl Store {
    /// Makes a key; its secret is given to its maker once.
    pub fn add_key(
        &self,
        sealer: &Sealer,
        new: &NewKey<'_>,
        now: Time,
    ) -> Result<(KeyRecord, Secret), StateError> {
        let name = new.name.trim();
        if name.is_empty() || name.chars().count() > 100 {
            return Err(StateError::Invalid("a key's name has 1 to 100 characters"));
        }
        let mut connection = self.lock();
        let transaction = connection.transaction()?;
        let count: i64 = transaction.query_row("SELECT count(*) FROM api_keys", [], |row| row.get(0))?;
        if count >= MOST {
            return Err(StateError::Invalid("there are 1,000 keys already: revoke some first"));
        }
        let secret = Secret::random_key();
        // The number is needed to seal; the digest of nothing holds its place for a moment.
        let (place_digest, place_sealed) = match new.kind {
            KeyKind::Standard => (Some([0_u8; 32]), None),
            KeyKind::Advanced => (None, Some(Vec::<u8>::new())),
        };
        transaction.execute(
            "INSERT INTO api_keys (name, kind, role, digest, sealed, created_at, created_by, expires_at)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
            params![
                name,
                new.kind.as_str(),
                new.role.as_str(),
                place_digest,
                place_sealed,
                now.0,
                new.created_by,
                new.expires_at.map(|time| time.0)
            ],
        )?;
        let id = transaction.last_insert_rowid();
        let (digest, sealed) = kept(sealer, new.kind, id, &secret)?;
        transaction.execute(
            "UPDATE api_keys SET digest = ?2, sealed = ?3 WHERE id = ?1",
            params![id, digest, sealed],
        )?;
        let record = find(&transaction, id)?.ok_or(StateError::Broken)?;
        transaction.commit()?;
        Ok((record, secret))
    }

    /// Gives a key a new secret; the old one ends at once. `None` when there is no such key.
    pub fn rotate_key(
        &self,
        sealer: &Sealer,
        id: i64,
        now: Time,
    ) -> Result<Option<(KeyRecord, Secret)>, StateError> {
        let mut connection = self.lock();
        let transaction = connection.transaction()?;
        let Some(before) = find(&transaction, id)? else { return Ok(None) };
        let secret = Secret::random_key();
        let (digest, sealed) = kept(sealer, before.kind, id, &secret)?;
        transaction.execute(
            "UPDATE api_keys SET digest = ?2, sealed = ?3, rotated_at = ?4 WHERE id = ?1",
            params![id, digest, sealed, now.0],
        )?;
        let record = find(&transaction, id)?.ok_or(StateError::Broken)?;
        transaction.commit()?;
        Ok(Some((record, secret)))
    }

    pub fn keys(&self) -> Result<Vec<KeyRecord>, StateError> {
        let connection = self.lock();
        let mut statement = connection.prepare(&format!("SELECT {COLUMNS} FROM api_keys ORDER BY id"))?;
        let keys = statement.query_map([], read)?.collect::<Result<_, _>>()?;
        Ok(keys)
    }

    /// False when there is no such key.
    pub fn revoke_key(&self, id: i64) -> Result<bool, StateError> {
        Ok(self.lock().execute("DELETE FROM api_keys WHERE id = ?1", [id])? == 1)
    }

    /// The key of this number and its secret, when it is alive. A sealed secret that does not open
    /// (another key file) is an error for the log, and no key for the caller.
    pub fn key_secret(
        &self,
        sealer: &Sealer,
        id: i64,
        now: Time,
    ) -> Result<Option<(KeyRecord, KeySecret)>, StateError> {
        let connection = self.lock();
        let sql = format!("SELECT {COLUMNS}, digest, sealed FROM api_keys WHERE id = ?1");
        let found = connection
            .query_row(&sql, [id], |row| {
                Ok((read(row)?, row.get::<_, Option<[u8; 32]>>(9)?, row.get::<_, Option<Vec<u8>>>(10)?))
            })
            .optional()?;
        let Some((record, digest, sealed)) = found else { return Ok(None) };
        if record.expires_at.is_some_and(|end| end <= now) {
            return Ok(None);
        }
        if let Some(digest) = digest {
            return Ok(Some((record, KeySecret::Standard(digest))));
        }
        let opened = sealed.and_then(|sealed| sealer.open_sealed(&owner(id), &sealed));
        let Some(secret) = opened.and_then(|bytes| String::from_utf8(bytes).ok()) else {
            tracing::error!(
                key = id,
                file = crate::sealing::KEY_FILE,
                "an API key cannot be read with the key file as it is: rotate the key"
            );
            return Ok(None);
        };
        Ok(Some((record, KeySecret::Advanced(Secret::from_text(secret)))))
    }

    pub fn touch_key(&self, key: &KeyRecord, now: Time) -> Result<(), StateError> {
        if key.last_used.is_none_or(|last| now.since(last) >= TOUCH_EVERY) {
            let sql = "UPDATE api_keys SET last_used = ?2 WHERE id = ?1";
            self.lock().execute(sql, params![key.id, now.0])?;
        }
        Ok(())
    }

    /// Whether a call whose time stamp is no longer fresh may be made all the same: it reads, and its nonce
    /// was taken from this address when it was fresh and has been used since.
    pub fn goes_on(&self, call: &SignedCall<'_>, now: Time) -> Result<bool, StateError> {
        if !call.reads || now.since(call.stamp) > LONGEST_READING {
            return Ok(false);
        }
        let known = self.lock().query_row(
            "SELECT EXISTS (SELECT 1 FROM api_key_calls WHERE key_id = ?1 AND nonce = ?2 AND call = ?3
                            AND address = ?4 AND expires_at > ?5)",
            params![call.key_id, digest(call.nonce), READING, call.address, now.0],
            |row| row.get(0),
        )?;
        Ok(known)
    }

    /// Notes a signed call; false when it is a replay: the same change under the same nonce, or the
    /// nonce from another address. Kept until its time stamp is refused, and longer while its nonce reads.
    pub fn note_call(&self, call: &SignedCall<'_>, now: Time) -> Result<bool, StateError> {
        let nonce = digest(call.nonce);
        let mut connection = self.lock();
        let transaction = connection.transaction()?;
        transaction.execute("DELETE FROM api_key_calls WHERE expires_at <= ?1", [now.0])?;
        let elsewhere: bool = transaction.query_row(
            "SELECT EXISTS (SELECT 1 FROM api_key_calls WHERE key_id = ?1 AND nonce = ?2 AND address <> ?3)",
            params![call.key_id, nonce, call.address],
            |row| row.get(0),
        )?;
        if elsewhere {
            return Ok(false);
        }
        let fresh = if call.reads {
            transaction.execute(
                "INSERT INTO api_key_calls (key_id, nonce, call, address, expires_at)
                 VALUES (?1, ?2, ?3, ?4, ?5)
                 ON CONFLICT (key_id, nonce, call) DO UPDATE SET expires_at = excluded.expires_at",
                params![call.key_id, nonce, READING, call.address, now.plus(BETWEEN_READINGS).0],
            )?;
            true
        } else {
            let inserted = transaction.execute(
                "INSERT OR IGNORE INTO api_key_calls (key_id, nonce, call, address, expires_at)
                 VALUES (?1, ?2, ?3, ?4, ?5)",
                params![call.key_id, nonce, call.call, call.address, call.stamp.plus(FRESH).0],
            )?;
            inserted == 1
        };
        transaction.commit()?;
        Ok(fresh)
    }
}

/// How long a change is remembered after its time stamp: as long as such a stamp is taken, and a bit.
const FRESH: i64 = 301 * 1_000_000;
/// A nonce goes on reading for so long after its time stamp, while it is used at least so often.
const LONGEST_READING: i64 = 24 * 3_600 * 1_000_000;
const BETWEEN_READINGS: i64 = 3_600 * 1_000_000;
/// Stands for all calls of a nonce that read.
const READING: [u8; 32] = [0; 32];

/// A call signed with an advanced key.
pub struct SignedCall<'a> {
    pub key_id: i64,
    pub nonce: &'a str,
    /// Digest of method, path and body.
    pub call: [u8; 32],
    pub address: &'a str,
    /// The client's time stamp.
    pub stamp: Time,
    /// It changes nothing: it may be made again.
    pub reads: bool,
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic)]
    use super::*;
    use crate::sealing::tests::sealer;

    fn new(kind: KeyKind, expires_at: Option<Time>) -> NewKey<'static> {
        NewKey { name: "soar", kind, role: Role::Viewer, created_by: "ada", expires_at }
    }

    #[test]
    fn an_advanced_key_is_kept_sealed_and_a_standard_one_as_its_digest() {
        let (store, sealer) = (Store::in_memory(), sealer());
        let (one, secret) = store.add_key(&sealer, &new(KeyKind::Standard, None), Time(0)).unwrap();
        let (two, advanced) =
            store.add_key(&sealer, &new(KeyKind::Advanced, Some(Time(100))), Time(0)).unwrap();
        assert_eq!((one.id, two.id), (1, 2));
        assert_eq!((secret.reveal().len(), advanced.reveal().len()), (128, 128));
        match store.key_secret(&sealer, 1, Time(5)).unwrap().unwrap().1 {
            KeySecret::Standard(kept) => assert_eq!(kept, secret.digest()),
            KeySecret::Advanced(_) => panic!("a standard key"),
        }
        match store.key_secret(&sealer, 2, Time(5)).unwrap().unwrap().1 {
            KeySecret::Advanced(kept) => assert!(kept.matches(advanced.reveal())),
            KeySecret::Standard(_) => panic!("an advanced key"),
        }
        assert!(store.key_secret(&sealer, 2, Time(100)).unwrap().is_none(), "expired");
        assert!(store.key_secret(&sealer, 3, Time(5)).unwrap().is_none());
    }

    #[test]
    fn rotation_ends_the_old_secret_and_revocation_the_key() {
        let (store, sealer) = (Store::in_memory(), sealer());
        let (key, old) = store.add_key(&sealer, &new(KeyKind::Advanced, None), Time(0)).unwrap();
        let (rotated, fresh) = store.rotate_key(&sealer, key.id, Time(9)).unwrap().unwrap();
        assert_eq!((rotated.id, rotated.rotated_at), (key.id, Some(Time(9))));
        let Some((_, KeySecret::Advanced(kept))) = store.key_secret(&sealer, key.id, Time(9)).unwrap() else {
            panic!("gone")
        };
        assert!(kept.matches(fresh.reveal()) && !kept.matches(old.reveal()));
        assert!(store.revoke_key(key.id).unwrap() && !store.revoke_key(key.id).unwrap());
        assert!(store.rotate_key(&sealer, key.id, Time(9)).unwrap().is_none());
        assert!(store.key_secret(&sealer, key.id, Time(9)).unwrap().is_none());
    }

    #[test]
    fn a_change_is_taken_once_under_its_nonce_and_from_one_address() {
        let (store, sealer) = (Store::in_memory(), sealer());
        let (key, _) = store.add_key(&sealer, &new(KeyKind::Advanced, None), Time(0)).unwrap();
        let call = |nonce, call: u8, address, reads| SignedCall {
            key_id: key.id,
            nonce,
            call: [call; 32],
            address,
            stamp: Time(0),
            reads,
        };
        let note = |one: SignedCall<'static>, now| store.note_call(&one, Time(now)).unwrap();
        assert!(note(call("n1", 1, "10.0.0.1", false), 1));
        assert!(!note(call("n1", 1, "10.0.0.1", false), 2), "a replay");
        assert!(note(call("n1", 2, "10.0.0.1", false), 3), "another call of the same client");
        assert!(!note(call("n1", 3, "10.0.0.2", false), 4), "somebody else's nonce");
        assert!(note(call("n2", 1, "10.0.0.2", false), 5));
        assert!(note(call("n3", 9, "10.0.0.1", true), 6) && note(call("n3", 9, "10.0.0.1", true), 7));
        assert!(!note(call("n3", 9, "10.0.0.2", true), 8), "not even a question from elsewhere");
        assert!(!note(call("n1", 1, "10.0.0.1", false), 300_000_000), "while its time stamp is taken");
        assert!(note(call("n1", 1, "10.0.0.1", false), FRESH), "its time stamp is refused by then");
    }

    #[test]
    fn a_nonce_that_reads_goes_on_reading_for_a_day_while_it_is_used() {
        let (store, sealer) = (Store::in_memory(), sealer());
        let (key, _) = store.add_key(&sealer, &new(KeyKind::Advanced, None), Time(0)).unwrap();
        let call = |nonce, address, reads| SignedCall {
            key_id: key.id,
            nonce,
            call: [7; 32],
            address,
            stamp: Time(0),
            reads,
        };
        let goes_on = |one: &SignedCall<'_>, now| store.goes_on(one, Time(now)).unwrap();
        let reading = call("n", "10.0.0.1", true);
        assert!(!goes_on(&reading, 1), "it was never taken");
        assert!(store.note_call(&reading, Time(1)).unwrap());
        let minute = 60_000_000;
        for n in 1..48 {
            let now = n * 30 * minute;
            assert!(goes_on(&reading, now), "{n}");
            assert!(!goes_on(&call("n", "10.0.0.2", true), now), "from elsewhere");
            assert!(!goes_on(&call("n", "10.0.0.1", false), now), "a change is signed anew");
            assert!(store.note_call(&reading, Time(now)).unwrap());
        }
        assert!(!goes_on(&reading, LONGEST_READING + 1), "a day is over");
        let paused = call("m", "10.0.0.1", true);
        assert!(store.note_call(&paused, Time(1)).unwrap());
        assert!(!goes_on(&paused, BETWEEN_READINGS + 2), "it was not used for an hour");
    }
}
