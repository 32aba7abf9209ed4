//! The lake from outside: what is acknowledged is there, once, whatever happens.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod basics;
mod damage;
mod kill;
mod maintenance;
mod readers;
mod space;
mod support;
