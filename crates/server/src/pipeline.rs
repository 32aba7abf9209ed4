//! From events to alerts: what comes in goes, in one order, to the store and to the detector.
//!
//! ```text
//! sensor, replay ─> Intake ─┬─> storing (task)     ─> lake: xdr_data
//!                           └─> detecting (thread) ─> alerts, live news
//!                                                 └─> storing: vedette_detections
//! received logs ─> receiving ─┬─> lake, as below; what is fresh goes to detecting too
//! logs ───────────> lines ─┬──> lake: their dataset, vedette_quarantine
//!                          └──> following ─> a detector for each log ─> alerts
//! ```
//!
//! Belongs here: queues and their bounds, order, retries, counting what is lost. Does not belong
//! here: what an event means (`detect`), HTTP.
//!
//! The two ways are independent: an alert never waits for a disk, and a full store never blinds
//! the detector. Each queue is bounded; what does not fit is dropped and counted.

mod alerting;
mod detecting;
pub mod following;
mod intake;
pub mod lines;
pub mod observed;
mod remembering;
mod storing;
pub mod watch;

pub use alerting::Alerting;
pub use detecting::{Detecting, DetectorState, Recalled};
pub use intake::{Gauge, Intake};
pub use storing::Storing;
