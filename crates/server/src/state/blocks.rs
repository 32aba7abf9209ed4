//! Blocks of sources, as they were made and ended.

use super::{StateError, Store};
use rusqlite::{Connection, OptionalExtension, Row, params};
use serde::Serialize;
use std::net::IpAddr;
use utoipa::ToSchema;
use vedette_event::Time;

/// Records that are kept, the latest.
const KEPT: i64 = 10_000;
/// Characters of what a hook said that are kept.
const LONGEST_HOOK: usize = 2000;

/// One block.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
#[schema(as = Block)]
pub struct BlockRecord {
    pub id: i64,
    #[schema(value_type = String)]
    pub address: IpAddr,
    /// The alert that is the evidence.
    pub alert_id: Option<i64>,
    pub reason: String,
    /// Made by the policy, not by a person.
    pub automatic: bool,
    /// An administrator did without confirmed evidence.
    pub overridden: bool,
    #[schema(value_type = String, format = DateTime)]
    pub created_at: Time,
    pub created_by: String,
    #[schema(value_type = String, format = DateTime)]
    pub expires_at: Time,
    /// Null while it is in force.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub ended_at: Option<Time>,
    pub ended_by: Option<String>,
    /// `expired`, `undone`, `cleared` or `failed`.
    pub ending: Option<String>,
    /// What the hook command said.
    pub hook: Option<String>,
}

/// Why a block is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    Undone,
    Cleared,
    /// The firewall did not take it.
    Failed,
}

impl Ending {
    fn as_str(self) -> &'static str {
        match self {
            Ending::Undone => "undone",
            Ending::Cleared => "cleared",
            Ending::Failed => "failed",
        }
    }
}

#[derive(Clone, Debug)]
pub struct NewBlock<'a> {
    pub address: IpAddr,
    pub alert_id: Option<i64>,
    pub reason: &'a str,
    pub automatic: bool,
    pub overridden: bool,
    pub by: &'a str,
    pub expires_at: Time,
}

const BLOCK: &str = "SELECT id, address, alert_id, reason, automatic, overridden, created_at, created_by, \
     expires_at, ended_at, ended_by, ending, hook FROM blocks";

fn read(row: &Row<'_>) -> rusqlite::Result<BlockRecord> {
    let address: String = row.get(1)?;
    Ok(BlockRecord {
        id: row.get(0)?,
        address: address.parse().map_err(|_| {
            rusqlite::Error::InvalidColumnType(1, "address".to_owned(), rusqlite::types::Type::Text)
        })?,
        alert_id: row.get(2)?,
        reason: row.get(3)?,
        automatic: row.get(4)?,
        overridden: row.get(5)?,
        created_at: Time(row.get(6)?),
        created_by: row.get(7)?,
        expires_at: Time(row.get(8)?),
        ended_at: row.get::<_, Option<i64>>(9)?.map(Time),
        ended_by: row.get(10)?,
        ending: row.get(11)?,
        hook: row.get(12)?,
    })
}

fn load(connection: &Connection, id: i64) -> Result<Option<BlockRecord>, StateError> {
    Ok(connection.query_row(&format!("{BLOCK} WHERE id = ?1"), [id], read).optional()?)
}

impl Store {
    /// Notes a block. An address that is blocked keeps its block, which then ends at the later of the two
    /// times; true when there was none.
    pub fn note_block(&self, new: &NewBlock<'_>, now: Time) -> Result<(BlockRecord, bool), StateError> {
        let mut connection = self.lock();
        let transaction = connection.transaction()?;
        let address = new.address.to_string();
        let known: Option<i64> = transaction
            .query_row("SELECT id FROM blocks WHERE address = ?1 AND ended_at IS NULL", [&address], |row| {
                row.get(0)
            })
            .optional()?;
        let id = match known {
            Some(id) => {
                transaction.execute(
                    "UPDATE blocks SET expires_at = max(expires_at, ?2) WHERE id = ?1",
                    params![id, new.expires_at.0],
                )?;
                id
            }
            None => {
                transaction.execute(
                    "INSERT INTO blocks (address, alert_id, reason, automatic, overridden, created_at,
                         created_by, expires_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
                    params![
                        address,
                        new.alert_id,
                        new.reason,
                        new.automatic,
                        new.overridden,
                        now.0,
                        new.by,
                        new.expires_at.0
                    ],
                )?;
                transaction.last_insert_rowid()
            }
        };
        transaction.execute(
            "DELETE FROM blocks WHERE ended_at IS NOT NULL AND id <= (SELECT max(id) FROM blocks) - ?1",
            [KEPT],
        )?;
        let record = load(&transaction, id)?.ok_or(StateError::Broken)?;
        transaction.commit()?;
        Ok((record, known.is_none()))
    }

    pub fn block(&self, id: i64) -> Result<Option<BlockRecord>, StateError> {
        load(&self.lock(), id)
    }

    /// Those in force, or with those that are over; the latest first.
    pub fn blocks(&self, all: bool, limit: u32) -> Result<Vec<BlockRecord>, StateError> {
        let connection = self.lock();
        let sql = format!("{BLOCK} WHERE ?1 OR ended_at IS NULL ORDER BY id DESC LIMIT ?2");
        let mut statement = connection.prepare(&sql)?;
        Ok(statement.query_map(params![all, limit], read)?.collect::<Result<_, _>>()?)
    }

    /// The block of an address that is in force.
    pub fn block_of(&self, address: IpAddr) -> Result<Option<BlockRecord>, StateError> {
        let sql = format!("{BLOCK} WHERE address = ?1 AND ended_at IS NULL");
        Ok(self.lock().query_row(&sql, [address.to_string()], read).optional()?)
    }

    /// How many blocks the policy made since then.
    pub fn automatic_blocks_since(&self, since: Time) -> Result<u64, StateError> {
        let sql = "SELECT count(*) FROM blocks WHERE automatic AND created_at >= ?1";
        Ok(self.lock().query_row(sql, [since.0], |row| row.get::<_, i64>(0))? as u64)
    }

    /// Ends a block that is in force; `None` when it is not.
    pub fn end_block(
        &self,
        id: i64,
        ending: Ending,
        by: &str,
        now: Time,
    ) -> Result<Option<BlockRecord>, StateError> {
        let connection = self.lock();
        let ended = connection.execute(
            "UPDATE blocks SET ended_at = ?2, ended_by = ?3, ending = ?4 WHERE id = ?1 AND ended_at IS NULL",
            params![id, now.0, by, ending.as_str()],
        )?;
        if ended == 0 { Ok(None) } else { load(&connection, id) }
    }

    /// Ends every block that is in force, and gives them.
    pub fn end_blocks(&self, ending: Ending, by: &str, now: Time) -> Result<Vec<BlockRecord>, StateError> {
        let mut ended = Vec::new();
        for block in self.blocks(false, u32::MAX)? {
            ended.extend(self.end_block(block.id, ending, by, now)?);
        }
        Ok(ended)
    }

    /// Whether a person undid the block of an address that this alert had led to.
    pub fn was_undone(&self, address: IpAddr, alert: i64) -> Result<bool, StateError> {
        let sql = "SELECT EXISTS (SELECT 1 FROM blocks WHERE address = ?1 AND alert_id = ?2
                       AND ending IN ('undone', 'cleared'))";
        Ok(self.lock().query_row(sql, params![address.to_string(), alert], |row| row.get(0))?)
    }

    /// Marks the blocks whose time is over, and gives them.
    pub fn expire_blocks(&self, now: Time) -> Result<Vec<BlockRecord>, StateError> {
        let mut connection = self.lock();
        let transaction = connection.transaction()?;
        let over: Vec<i64> = transaction
            .prepare("SELECT id FROM blocks WHERE ended_at IS NULL AND expires_at <= ?1")?
            .query_map([now.0], |row| row.get(0))?
            .collect::<Result<_, _>>()?;
        let mut expired = Vec::new();
        for id in over {
            transaction.execute(
                "UPDATE blocks SET ended_at = expires_at, ended_by = 'vedette', ending = 'expired'
                 WHERE id = ?1",
                [id],
            )?;
            expired.extend(load(&transaction, id)?);
        }
        transaction.commit()?;
        Ok(expired)
    }

    /// Keeps what the hook said about a block.
    pub fn note_hook(&self, id: i64, said: &str) -> Result<(), StateError> {
        let said: String = said.chars().take(LONGEST_HOOK).collect();
        self.lock().execute("UPDATE blocks SET hook = ?2 WHERE id = ?1", params![id, said])?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn new(address: &str, until: i64) -> NewBlock<'static> {
        NewBlock {
            address: address.parse().unwrap(),
            alert_id: Some(7),
            reason: "scan",
            automatic: true,
            overridden: false,
            by: "ada",
            expires_at: Time(until),
        }
    }

    #[test]
    fn a_block_is_made_made_longer_and_ends() {
        let store = Store::in_memory();
        let (first, fresh) = store.note_block(&new("10.0.0.9", 100), Time(1)).unwrap();
        assert!(fresh && first.ended_at.is_none());
        let (longer, fresh) = store.note_block(&new("10.0.0.9", 200), Time(2)).unwrap();
        assert_eq!((longer.id, longer.expires_at, fresh), (first.id, Time(200), false));
        let (same, _) = store.note_block(&new("10.0.0.9", 50), Time(3)).unwrap();
        assert_eq!(same.expires_at, Time(200), "never shorter");
        assert!(store.expire_blocks(Time(199)).unwrap().is_empty());
        assert_eq!(store.expire_blocks(Time(200)).unwrap()[0].ending.as_deref(), Some("expired"));
        assert!(store.block_of("10.0.0.9".parse().unwrap()).unwrap().is_none());
        let (again, fresh) = store.note_block(&new("10.0.0.9", 300), Time(201)).unwrap();
        assert!(fresh && again.id != first.id);
        let undone = store.end_block(again.id, Ending::Undone, "bob", Time(210)).unwrap().unwrap();
        assert_eq!((undone.ended_by.as_deref(), undone.ending.as_deref()), (Some("bob"), Some("undone")));
        assert!(store.end_block(again.id, Ending::Undone, "bob", Time(211)).unwrap().is_none());
        let address = "10.0.0.9".parse().unwrap();
        assert!(store.was_undone(address, 7).unwrap() && !store.was_undone(address, 8).unwrap());
        assert_eq!((store.blocks(false, 10).unwrap().len(), store.blocks(true, 10).unwrap().len()), (0, 2));
        assert_eq!(store.automatic_blocks_since(Time(100)).unwrap(), 1);
        store.note_hook(again.id, &"x".repeat(5000)).unwrap();
        assert_eq!(store.block(again.id).unwrap().unwrap().hook.unwrap().len(), LONGEST_HOOK);
    }
}
