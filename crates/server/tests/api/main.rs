//! The server over real HTTP, with a real lake and state in temporary folders.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod access;
mod alerts;
mod audit;
mod bulk;
mod captures;
mod cortex;
mod exclusions;
mod export;
mod followers;
mod harness;
mod ingest;
mod lifecycle;
mod live;
mod notifications;
mod once;
mod openapi;
mod query;
mod receiving;
mod rules;
mod security;
mod selftest;
mod setup;
mod sources;
mod tables;
mod tls;
mod views;
