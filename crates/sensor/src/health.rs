//! How the sensor is doing: what it sees, what it loses, what it cannot do here.

use crate::owners::OwnerHealth;
use crate::privilege::Privileges;
use vedette_event::Time;
use vedette_parse::flow::FolderStats;

/// A snapshot, at most 100 ms old while the sensor runs. All counts are since the start.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SensorHealth {
    pub running: bool,
    /// Why it stopped by itself.
    pub error: Option<String>,
    /// Names of the interfaces observed now.
    pub interfaces: Vec<String>,
    /// Packets read, without copies of the same packet on another device.
    pub packets_seen: u64,
    /// Copies of packets on the devices below the one they are counted on.
    pub packets_duplicate: u64,
    /// Packets that the kernel dropped because the ring was full.
    pub packets_dropped_kernel: u64,
    /// Packets that could not be read: cut short or malformed.
    pub decode_errors: u64,
    /// Events handed to the sink.
    pub events: u64,
    /// Events dropped because the sink was behind.
    pub events_dropped: u64,
    /// Events waiting for the sink.
    pub events_queued: u64,
    /// Attempts that stand in events only as a count, because of a flood.
    pub aggregated: u64,
    /// Time of the newest packet.
    pub last_packet: Option<Time>,
    pub folder: FolderStats,
    /// What the capture thread may still do: nothing, if all is well.
    pub privileges: Privileges,
    /// How well local processes are known; `None` when that is not wanted.
    pub owners: Option<OwnerHealth>,
    /// What works only in part here, and why.
    pub degraded: Vec<Degraded>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Degraded {
    /// In a word or two: `established TCP`, `interface`, `privileges`.
    pub what: &'static str,
    /// One sentence.
    pub reason: String,
}

impl Degraded {
    pub(crate) fn new(what: &'static str, reason: impl Into<String>) -> Degraded {
        Degraded { what, reason: reason.into() }
    }
}
