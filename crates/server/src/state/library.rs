//! The query library: queries that others run by name.

use super::{StateError, Store};
use rusqlite::{OptionalExtension, params};
use serde::Serialize;
use utoipa::ToSchema;
use vedette_event::Time;

/// Bounds of one query of the library.
const MOST_QUERIES: i64 = 10_000;
const LONGEST_NAME: usize = 200;

/// A query of the library.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct LibraryQuery {
    /// Case does not count.
    pub name: String,
    pub query: String,
    /// What it is for.
    pub about: String,
    #[schema(value_type = String, format = DateTime)]
    pub updated_at: Time,
    pub updated_by: String,
}

impl Store {
    /// Keeps a query under a name; one that is there already is replaced.
    pub fn keep_query(&self, query: &LibraryQuery) -> Result<(), StateError> {
        let plain = |c: char| !c.is_control();
        let name = query.name.trim();
        if name.is_empty() || name.len() > LONGEST_NAME || !name.chars().all(plain) {
            return Err(StateError::Invalid("a name has 1 to 200 bytes and no control characters"));
        }
        let connection = self.lock();
        let count: i64 = connection.query_row("SELECT count(*) FROM library", [], |row| row.get(0))?;
        if count >= MOST_QUERIES {
            return Err(StateError::Invalid("the library is full: it holds 10,000 queries"));
        }
        connection.execute(
            "INSERT INTO library (name, query, about, updated_at, updated_by) VALUES (?1, ?2, ?3, ?4, ?5)
             ON CONFLICT (name) DO UPDATE SET name = excluded.name, query = excluded.query,
                 about = excluded.about, updated_at = excluded.updated_at, updated_by = excluded.updated_by",
            params![name, query.query, query.about, query.updated_at.0, query.updated_by],
        )?;
        Ok(())
    }

    pub fn library_query(&self, name: &str) -> Result<Option<LibraryQuery>, StateError> {
        let sql = "SELECT name, query, about, updated_at, updated_by FROM library WHERE name = ?1";
        Ok(self.lock().query_row(sql, [name.trim()], read).optional()?)
    }

    /// All, by name.
    pub fn library(&self) -> Result<Vec<LibraryQuery>, StateError> {
        let connection = self.lock();
        let mut statement = connection
            .prepare("SELECT name, query, about, updated_at, updated_by FROM library ORDER BY name")?;
        let queries = statement.query_map([], read)?.collect::<Result<_, _>>()?;
        Ok(queries)
    }

    /// False when there was none.
    pub fn forget_query(&self, name: &str) -> Result<bool, StateError> {
        Ok(self.lock().execute("DELETE FROM library WHERE name = ?1", [name.trim()])? > 0)
    }
}

fn read(row: &rusqlite::Row<'_>) -> rusqlite::Result<LibraryQuery> {
    Ok(LibraryQuery {
        name: row.get(0)?,
        query: row.get(1)?,
        about: row.get(2)?,
        updated_at: Time(row.get(3)?),
        updated_by: row.get(4)?,
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn query(name: &str, text: &str) -> LibraryQuery {
        LibraryQuery {
            name: name.into(),
            query: text.into(),
            about: String::new(),
            updated_at: Time(5),
            updated_by: "ada".into(),
        }
    }

    #[test]
    fn a_query_is_kept_by_its_name_whatever_its_case() {
        let store = Store::in_memory();
        store.keep_query(&query("Scans of today", "dataset = alerts")).unwrap();
        store.keep_query(&query("scans OF today", "dataset = xdr_data")).unwrap();
        let kept = store.library().unwrap();
        assert_eq!((kept.len(), kept[0].name.as_str()), (1, "scans OF today"));
        assert_eq!(store.library_query("SCANS OF TODAY").unwrap().unwrap().query, "dataset = xdr_data");
        assert!(store.forget_query("Scans of Today").unwrap() && !store.forget_query("x").unwrap());
    }

    #[test]
    fn names_are_bounded() {
        let store = Store::in_memory();
        for wrong in ["", "  ", "a\nb", &"x".repeat(201)] {
            assert!(store.keep_query(&query(wrong, "dataset = alerts")).is_err(), "{wrong:?}");
        }
    }
}
