//! The packets an alert stands on, as a capture file.

use super::{StateError, Store};
use rusqlite::{OptionalExtension, params};

impl Store {
    /// Keeps a capture file with an alert. A shorter one than there is does not replace it: the sensor
    /// has forgotten packets since.
    pub fn keep_capture(&self, alert: i64, file: &[u8]) -> Result<(), StateError> {
        self.lock().execute(
            "INSERT INTO alert_captures (alert_id, file) VALUES (?1, ?2)
             ON CONFLICT (alert_id) DO UPDATE SET file = excluded.file
             WHERE length(excluded.file) >= length(file)",
            params![alert, file],
        )?;
        Ok(())
    }

    pub fn capture(&self, alert: i64) -> Result<Option<Vec<u8>>, StateError> {
        let sql = "SELECT file FROM alert_captures WHERE alert_id = ?1";
        Ok(self.lock().query_row(sql, [alert], |row| row.get(0)).optional()?)
    }

    /// Bytes of the alert's capture file.
    pub fn capture_size(&self, alert: i64) -> Result<Option<u64>, StateError> {
        let sql = "SELECT length(file) FROM alert_captures WHERE alert_id = ?1";
        let size: Option<i64> = self.lock().query_row(sql, [alert], |row| row.get(0)).optional()?;
        Ok(size.and_then(|size| u64::try_from(size).ok()))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::super::tests::detection;
    use super::*;
    use vedette_event::Time;

    #[test]
    fn a_longer_file_replaces_a_shorter_one() {
        let store = Store::in_memory();
        let id = store.record_detection(&detection("c1"), false, Time(10)).unwrap().alert.life.alert_id;
        assert_eq!((store.capture(id).unwrap(), store.capture_size(id).unwrap()), (None, None));
        for (file, kept) in [("ab", "ab"), ("abcd", "abcd"), ("x", "abcd")] {
            store.keep_capture(id, file.as_bytes()).unwrap();
            assert_eq!(store.capture(id).unwrap().as_deref(), Some(kept.as_bytes()));
        }
        assert_eq!(store.capture_size(id).unwrap(), Some(4));
        assert!(store.keep_capture(99, b"ab").is_err(), "there is no such alert");
    }
}
