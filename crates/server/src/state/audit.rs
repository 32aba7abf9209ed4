//! The number of an administrative act. The acts themselves are rows of the lake.

use super::{StateError, Store};

impl Store {
    /// The next number; no number is given out twice.
    pub fn next_audit_number(&self) -> Result<i64, StateError> {
        let sql = "UPDATE audit_number SET last = last + 1 RETURNING last";
        Ok(self.lock().query_row(sql, [], |row| row.get(0))?)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn numbers_grow() {
        let store = Store::in_memory();
        assert_eq!((store.next_audit_number().unwrap(), store.next_audit_number().unwrap()), (1, 2));
    }
}
