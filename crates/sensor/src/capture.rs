//! Frames of this host, live: the ring, with the interfaces sorted out.
//!
//! Belongs here: which packets of the ring become frames, and keeping filter, interface names and
//! own addresses up to date. Does not belong here: decoding, flows, threads.

use crate::filter::{Filter, Level};
use crate::interfaces::{Interfaces, Verdict};
use crate::netlink;
use crate::ring::{Ring, RingSize};
use crate::{CaptureError, SensorConfig};
use std::net::IpAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};
use vedette_parse::packet::{Frame, Link, Way};

/// Interfaces and addresses are asked for this often, and again when an unknown one shows up,
/// which is let happen no more than every [`UNKNOWN_PAUSE`].
const REFRESH: Duration = Duration::from_secs(2);
const UNKNOWN_PAUSE: Duration = Duration::from_millis(50);

/// What went through the ring since it was opened.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Packets handed on as frames.
    pub frames: u64,
    /// Packets that came by again on another device and were left out here.
    pub duplicates: u64,
    /// Packets for which the ring had no room.
    pub dropped: u64,
}

/// A live capture.
pub struct Capture {
    ring: Ring,
    filter: Filter,
    config: SensorConfig,
    interfaces: Interfaces,
    addresses: Vec<IpAddr>,
    counts: Counts,
    refreshed: Instant,
    unknown_seen: bool,
}

impl Capture {
    /// Opens the ring. Needs CAP_NET_RAW; nothing afterwards does.
    ///
    /// # Errors
    /// [`CaptureError::NotPermitted`] without the capability, with the fix in its text.
    pub fn open(config: &SensorConfig) -> Result<Capture, CaptureError> {
        config.check()?;
        let mut interfaces = Interfaces::default();
        let links = netlink::links().map_err(CaptureError::system("list the interfaces"))?;
        interfaces.update(&links);
        let filter =
            Filter { level: Level::Full, only: wanted_indices(config, &links), loopback: config.loopback };
        let size = RingSize { bytes: config.ring_bytes, block_timeout_ms: config.block_timeout_ms };
        let ring = Ring::open(size, &filter.program()).map_err(CaptureError::opening)?;
        let addresses = netlink::addresses().map_err(CaptureError::system("list the addresses"))?;
        Ok(Capture {
            ring,
            filter,
            config: config.clone(),
            interfaces,
            addresses,
            counts: Counts::default(),
            refreshed: Instant::now(),
            unknown_seen: false,
        })
    }

    /// Waits for packets, at most `timeout`.
    pub fn wait(&mut self, timeout: Duration) -> Result<bool, CaptureError> {
        let ready = self.ring.wait(timeout).map_err(CaptureError::system("wait for packets"))?;
        // An interface that went down leaves an error behind, which is none for a capture on all.
        let _ = self.ring.take_error();
        Ok(ready)
    }

    /// Hands the frames of one block to `each`. False when no block is ready.
    pub fn read(&mut self, mut each: impl FnMut(&Frame<'_>)) -> bool {
        let (interfaces, counts, unknown) = (&self.interfaces, &mut self.counts, &mut self.unknown_seen);
        let read = self.ring.read_block(|mut packet| {
            let vlan = match interfaces.verdict(packet.interface, packet.tag.map(|tag| tag.contents)) {
                Verdict::Take { vlan } => vlan,
                Verdict::Duplicate => {
                    counts.duplicates += 1;
                    return;
                }
                Verdict::Unknown => {
                    *unknown = true;
                    None
                }
            };
            counts.frames += 1;
            let (time, sent, interface) = (packet.time, packet.sent, packet.interface);
            let checksum_pending = packet.checksum_pending;
            let (data, wire_len) = packet.cooked(vlan);
            each(&Frame {
                time,
                link: Link::Sll,
                way: if sent { Way::Out } else { Way::In },
                data,
                wire_len,
                interface,
                checksum_pending,
            });
        });
        read.is_some()
    }

    /// Asks the kernel for interfaces and addresses when it is time to. True when the addresses
    /// changed. A failure leaves what was known.
    pub fn refresh(&mut self) -> bool {
        let since = self.refreshed.elapsed();
        if since < REFRESH && !(self.unknown_seen && since >= UNKNOWN_PAUSE) {
            return false;
        }
        self.refreshed = Instant::now();
        self.unknown_seen = false;
        if let Ok(links) = netlink::links() {
            self.interfaces.update(&links);
            let only = wanted_indices(&self.config, &links);
            if only != self.filter.only {
                self.set_filter(Filter { only, ..self.filter.clone() });
            }
        }
        match netlink::addresses() {
            Ok(addresses) if addresses != self.addresses => {
                self.addresses = addresses;
                true
            }
            _ => false,
        }
    }

    /// Thins established TCP in the kernel, or stops doing so.
    pub fn set_level(&mut self, level: Level) {
        if level != self.filter.level {
            self.set_filter(Filter { level, ..self.filter.clone() });
        }
    }

    pub fn level(&self) -> Level {
        self.filter.level
    }

    fn set_filter(&mut self, filter: Filter) {
        match self.ring.set_filter(&filter.program()) {
            Ok(()) => self.filter = filter,
            Err(error) => tracing::warn!(%error, "the capture filter could not be changed"),
        }
    }

    /// What went through so far. Asks the kernel for its drops.
    pub fn counts(&mut self) -> Counts {
        if let Ok((_, dropped)) = self.ring.statistics() {
            self.counts.dropped += dropped;
        }
        self.counts
    }

    /// This host's own addresses, sorted.
    pub fn addresses(&self) -> &[IpAddr] {
        &self.addresses
    }

    /// The name of the interface that a frame's number stands for.
    pub fn interface_name(&self, interface: u32) -> Arc<str> {
        self.interfaces.name(interface)
    }

    /// Names of the interfaces observed at present.
    pub fn observed(&self) -> Vec<String> {
        self.interfaces.observed(|name| self.config.wants(name) && (self.config.loopback || name != "lo"))
    }
}

/// Indices of the named interfaces that exist; `None` when all are wanted.
fn wanted_indices(config: &SensorConfig, links: &[netlink::Link]) -> Option<Vec<u32>> {
    if config.interfaces.is_empty() {
        return None;
    }
    let wanted = links.iter().filter(|link| config.wants(&link.name));
    Some(wanted.map(|link| link.index).collect())
}
