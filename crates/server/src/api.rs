//! The HTTP API under `/api/v1`, and liveness, readiness and metrics beside it.
//!
//! | file | topic |
//! |---|---|
//! | `routes` | the one table of routes: path, method, who may, how long |
//! | `guard` | what every request passes: rights, forgery, host, bounds, time, headers, the audit log |
//! | `identity`, `signature` | who makes a request: cookies, tokens, API keys |
//! | `once` | calls that make something, made once |
//! | `cortex` | `/public_api`: the calls that clients of Cortex make |
//! | `error` | errors: one message for the client, one for the log |
//! | `extract` | bodies, parameters and paths, with errors of ours |
//! | `openapi` | the document that describes it all |
//! | the others | one file a topic |

pub mod administration;
pub mod alerts;
pub mod api_keys;
pub mod bulk;
pub mod cortex;
pub mod error;
pub mod events;
pub mod evidence;
pub mod exclusions;
pub mod export;
pub mod extract;
pub mod guard;
pub mod identity;
pub mod incidents;
pub mod ingest;
pub mod language;
pub mod library;
pub mod metrics;
pub mod notifications;
pub mod once;
pub mod openapi;
pub mod overview;
pub mod probes;
pub mod query;
pub mod query_output;
pub mod response;
pub mod retention;
pub mod routes;
pub mod rule_files;
pub mod rules;
pub mod selftest;
pub mod session;
pub mod setup;
pub mod signature;
pub mod sources;
pub mod status;
pub mod tables;
