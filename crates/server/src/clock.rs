//! The wall clock, read in one place.

use std::time::{SystemTime, UNIX_EPOCH};
use vedette_event::Time;

/// Now, in microseconds since 1970; the epoch itself on a machine whose clock stands before it.
pub fn now() -> Time {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Time(i64::try_from(since.as_micros()).unwrap_or(i64::MAX))
}
