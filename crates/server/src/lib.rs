//! The server: what comes in is stored and examined, what is found becomes an alert, and both are
//! there for people and programs over HTTP.
//!
//! Belongs here: ingest, alerts and their life-cycle, identities, the API, TLS, the self-test, the
//! console's files. Does not belong here: capture (`sensor`), parsing (`parse`), conclusions
//! (`detect`), storage of rows (`lake`), queries (`engine`).

mod access;
mod files;
mod secret;
mod state;

pub use state::Store;
