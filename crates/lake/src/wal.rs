//! The write-ahead log: every row is here, synced to the disk, before its append is acknowledged.
//!
//! One log serves all datasets, so one sync makes appends to several of them durable. A dedicated
//! thread writes it ([`writer`]): while one group of appends is being synced the next gathers, so
//! an idle lake adds no delay and a busy one shares a sync among all that wait. Segments are
//! deleted once everything in them is committed to Delta tables ([`crate::table`]).

pub(crate) mod codec;
pub(crate) mod record;
pub(crate) mod replay;
pub(crate) mod writer;
