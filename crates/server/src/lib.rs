//! The server: what comes in is stored and examined, what is found becomes an alert, and both are
//! there for people and programs over HTTP.
//!
//! Belongs here: ingest, alerts and their life-cycle, identities, the API, TLS, the self-test, the
//! console's files. Does not belong here: capture (`sensor`), parsing (`parse`), conclusions
//! (`detect`), storage of rows (`lake`), queries (`engine`).
//!
//! | module | topic |
//! |---|---|
//! | `server`, `config`, `app` | start and stop, what can be set, the parts together |
//! | `pipeline` | from events and lines to rows, detections and alerts |
//! | `state` | users, sessions, tokens, alerts: SQLite |
//! | `api`, `access`, `assets` | routes, who may, the console |
//! | `listener`, `tls` | connections |
//! | `receiving` | syslog and NetFlow of other hosts |
//! | `sensing`, `health`, `selftest`, `live` | the sensor inside, how all is, the proof, the news |
//! | `rules` | correlation rules: from a query to an alert |
//! | `setup`, `throttle`, `rate`, `secret`, `sealing`, `local`, `files` | getting in, and keeping others out |
//! | `queries` | queries started now and asked for later |
//! | `hosts` | the hosts that sensors run on |
//! | `audit` | who did what: the rows of `audit_logs` |
//! | `classes` | what an administrator says is no scan |
//! | `explained` | how a query is carried out |
//! | `replay`, `offline` | captures played as if now; ingest without a server |

// Objects of the Cortex API have more fields than `json!` takes by default.
#![recursion_limit = "256"]

mod access;
mod api;
mod app;
mod assets;
mod audit;
mod captures;
mod catalog;
pub mod classes;
mod clock;
mod config;
mod exclusions;
mod explained;
mod export;
mod files;
mod health;
mod hosts;
mod listener;
mod live;
mod local;
mod notify;
mod offline;
mod pipeline;
mod prefix;
mod queries;
mod rate;
mod receiving;
mod replay;
mod responding;
mod response;
pub mod rules;
mod sealing;
mod secret;
mod selftest;
mod sensing;
mod server;
mod setup;
mod state;
mod throttle;
mod tls;

pub use access::Role;
pub use api::ingest::{DatasetRows, IngestReport, ReasonCount};
pub use config::{DEFAULT_LISTEN, Limits, SensorInput, ServerConfig};
pub use explained::{Explained, ExplainedStage, Offline, builtin_names, explain_offline};
pub use local::LocalServer;
pub use offline::{IngestError, ingest_offline};
pub use receiving::{AskedFor, ReceivingConfig};
pub use replay::{ReplayError, ReplayReport};
pub use response::clear_offline as clear_response_offline;
pub use response::follow;
pub use selftest::{Outcome as SelfTestOutcome, State as StepState, Step as SelfTestStep};
pub use server::{RunningServer, Server, ServerError, lake_dir};
