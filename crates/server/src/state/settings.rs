//! Small settings that outlive a restart, as text by name.

use super::{StateError, Store};
use rusqlite::{OptionalExtension, params};

/// Names this installation among others; made on the first start.
const INSTANCE_ID: &str = "instance_id";

impl Store {
    pub fn setting(&self, key: &str) -> Result<Option<String>, StateError> {
        let connection = self.lock();
        let value = connection
            .query_row("SELECT value FROM settings WHERE key = ?1", [key], |row| row.get(0))
            .optional()?;
        Ok(value)
    }

    pub fn set_setting(&self, key: &str, value: &str) -> Result<(), StateError> {
        self.lock().execute(
            "INSERT INTO settings (key, value) VALUES (?1, ?2)
             ON CONFLICT (key) DO UPDATE SET value = excluded.value",
            params![key, value],
        )?;
        Ok(())
    }

    /// The identifier of this installation; the same for its whole life.
    pub fn instance_id(&self) -> Result<String, StateError> {
        if let Some(known) = self.setting(INSTANCE_ID)? {
            return Ok(known);
        }
        let fresh = uuid::Uuid::new_v4().to_string();
        self.set_setting(INSTANCE_ID, &fresh)?;
        Ok(fresh)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn settings_and_the_instance_stay() {
        let store = Store::in_memory();
        assert_eq!(store.setting("a").unwrap(), None);
        store.set_setting("a", "1").unwrap();
        store.set_setting("a", "2").unwrap();
        assert_eq!(store.setting("a").unwrap().as_deref(), Some("2"));
        assert_eq!(store.instance_id().unwrap(), store.instance_id().unwrap());
    }
}
