//! Bytes in, events and rows out: one file for each format.
//!
//! Belongs here: pure functions and state machines from bytes (packets, capture files, log lines),
//! with the time as an argument. Does not belong here: files, sockets, a clock, async.

pub mod cef;
pub mod flow;
pub mod log;
mod netfilter;
pub mod netflow;
pub mod packet;
pub mod panos;
pub mod pcap;
mod pfirewall;
pub mod probes;
pub mod reassembly;
mod suricata;
mod zeek;
