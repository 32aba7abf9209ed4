//! Calls with an `Idempotency-Key`: made once, answered again with the same answer.

use super::{StateError, Store};
use rusqlite::{OptionalExtension, params};
use vedette_event::Time;

/// How long an answer is kept: a day.
const KEPT: i64 = 24 * 3600 * 1_000_000;
/// A call that has no answer after so long was cut off by a crash.
const UNDER_WAY: i64 = 10 * 60 * 1_000_000;

/// What is known of a call.
#[derive(Debug, PartialEq)]
pub enum Made {
    /// Nothing: it is under way from now on, and the caller makes it.
    Now,
    /// It is under way elsewhere.
    UnderWay,
    /// The key was used for another call.
    Other,
    /// Its answer: status, and the body as sealed.
    Answered(u16, Vec<u8>),
}

impl Store {
    /// Begins a call. `id` is a digest of caller, route and key; `request` one of the body.
    pub fn begin_call(&self, id: [u8; 32], request: [u8; 32], now: Time) -> Result<Made, StateError> {
        let mut connection = self.lock();
        let transaction = connection.transaction()?;
        transaction.execute(
            "DELETE FROM calls_made WHERE started_at <= ?1 OR (status IS NULL AND started_at <= ?2)",
            params![now.0 - KEPT, now.0 - UNDER_WAY],
        )?;
        let known = transaction
            .query_row("SELECT request, status, answer FROM calls_made WHERE id = ?1", [id], |row| {
                Ok((
                    row.get::<_, [u8; 32]>(0)?,
                    row.get::<_, Option<u16>>(1)?,
                    row.get::<_, Option<Vec<u8>>>(2)?,
                ))
            })
            .optional()?;
        let made = match known {
            Some((before, _, _)) if before != request => Made::Other,
            Some((_, Some(status), Some(answer))) => Made::Answered(status, answer),
            Some(_) => Made::UnderWay,
            None => {
                transaction.execute(
                    "INSERT INTO calls_made (id, request, started_at) VALUES (?1, ?2, ?3)",
                    params![id, request, now.0],
                )?;
                Made::Now
            }
        };
        transaction.commit()?;
        Ok(made)
    }

    /// Keeps the answer of a call that was begun; without one the call may be made again.
    pub fn end_call(&self, id: [u8; 32], answer: Option<(u16, &[u8])>) -> Result<(), StateError> {
        let connection = self.lock();
        match answer {
            Some((status, body)) => connection.execute(
                "UPDATE calls_made SET status = ?2, answer = ?3 WHERE id = ?1",
                params![id, status, body],
            )?,
            None => connection.execute("DELETE FROM calls_made WHERE id = ?1", [id])?,
        };
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_call_is_made_once() {
        let store = Store::in_memory();
        let begin = |id: u8, request: u8, now| store.begin_call([id; 32], [request; 32], Time(now)).unwrap();
        assert_eq!(begin(1, 1, 0), Made::Now);
        assert_eq!(begin(1, 1, 1), Made::UnderWay);
        store.end_call([1; 32], Some((201, b"answer"))).unwrap();
        assert_eq!(begin(1, 1, 2), Made::Answered(201, b"answer".to_vec()));
        assert_eq!(begin(1, 2, 3), Made::Other);
        assert_eq!(begin(1, 1, KEPT + 1), Made::Now);
        assert_eq!(begin(2, 1, 0), Made::Now);
        store.end_call([2; 32], None).unwrap();
        assert_eq!(begin(2, 1, 1), Made::Now, "it failed: it may be tried again");
        assert_eq!(begin(2, 1, 1 + UNDER_WAY), Made::Now, "a crash cut it off");
    }
}
