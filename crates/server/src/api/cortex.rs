//! The Cortex-compatible API under `/public_api`: existing clients just work.
//!
//! Everything is a POST of `{"request_data": …}` and answered with `{"reply": …}`; errors have the
//! Cortex shape (`error::Dialect`), paths may end in a slash. Strict in what is sent (types and words
//! that strict clients expect), tolerant in what is taken: no content type, no body, numbers as texts,
//! unknown keys.
//!
//! | file | topic |
//! |---|---|
//! | `request` | bodies, filters, pages, order |
//! | `words` | severities, states and sources in Cortex's words |
//! | `xql` | start a query, ask for its result, stream it, the quota |
//! | `alerts`, `alert_shape`, `alert_events`, `alert_tree`, `insert` | alerts: lists, shapes, conditions, those sent in |
//! | `incidents`, `cases` | incidents, and what newer clients call cases |
//! | `issues` | what newer clients call alerts |
//! | `datasets` | datasets, and rows of lookups |
//! | `system` | health, whose key it is |
//! | `endpoints`, `audits`, `correlations` | hosts, the audit log, correlation rules |

mod alert_events;
mod alert_shape;
mod alert_tree;
pub mod alerts;
pub mod audits;
pub mod cases;
pub mod correlations;
pub mod datasets;
pub mod endpoints;
pub mod incidents;
pub mod insert;
pub mod issues;
pub mod request;
pub mod system;
mod words;
pub mod xql;

pub use alert_shape::Here;

use axum::Json;
use serde_json::{Value, json};

/// The answer to every call that worked.
pub type Reply = Json<Value>;

pub fn reply(value: Value) -> Reply {
    Json(json!({ "reply": value }))
}

/// One page of a list, and how many items there are on all pages.
pub fn paged(total: usize, name: &str, items: Vec<Value>) -> Reply {
    reply(json!({"total_count": total, "result_count": items.len(), name: items}))
}
