//! Correlation rules: queries on a schedule, or on rows as they arrive, that end in alerts.
//!
//! ```text
//! file, API, import ─> Rule ─> check ─> state (rules)
//! clock ─> schedule: which windows are due ─> runner: the query over the window
//!                                         ─> hits: rows become findings ─> state: alerts, the run
//!                                                                      and the window, in one step
//! ```
//!
//! | file | topic |
//! |---|---|
//! | `rule` | what a rule is, as files and the API have it |
//! | `span`, `schedule` | lengths of time; when a rule is due, and for which windows; pure |
//! | `check` | what is wrong with a rule |
//! | `per_row` | queries that can be run on rows as they arrive |
//! | `text`, `hits` | `$field`; from rows of a result to findings; pure |
//! | `evaluate` | one run of a query over a window |
//! | `lookups` | rows of a result into a lookup, by their keys |
//! | `runner` | the task that runs what is due |
//! | `trial` | a rule over the past, before it is saved |
//! | `examples` | the tests that stand beside a rule in its file |
//! | `shipped` | the rules that come with Vedette |
//! | `cortex`, `sigma` | exports of Cortex, correlations of Sigma |
//!
//! Belongs here: everything between a query and its alerts. Does not belong here: the query itself
//! (`engine`), SQL (`state`), HTTP (`api`).

pub mod check;
pub mod cortex;
pub mod evaluate;
pub mod examples;
pub mod hits;
pub mod lookups;
pub mod per_row;
pub mod rule;
pub mod runner;
pub mod schedule;
pub mod shipped;
pub mod sigma;
pub mod span;
pub mod text;
pub mod trial;

pub use rule::Rule;
pub use runner::Runner;
