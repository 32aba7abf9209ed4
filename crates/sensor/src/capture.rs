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
}

/// What a refresh brought.
#[derive(Debug, Default)]
pub struct Changes {
    /// Numbers of frames' interfaces, with their new names.
    pub interfaces: Vec<(u32, Arc<str>)>,
    /// This host's own addresses, where they changed.
    pub addresses: Option<Vec<IpAddr>>,
}

impl Capture {
    /// Opens the ring. Needs CAP_NET_RAW; nothing afterwards does.
    ///
    /// # Errors
    /// [`CaptureError::NotPermitted`] without the capability, with the fix in its text.
    pub fn open(config: &SensorConfig) -> Result<(Capture, Changes), CaptureError> {
        config.check()?;
        let mut interfaces = Interfaces::default();
        let links = netlink::links().map_err(CaptureError::system("list the interfaces"))?;
        let named = interfaces.update(&links, config.interfaces.is_empty());
        let filter =
            Filter { level: Level::Full, only: wanted_indices(config, &links), loopback: config.loopback };
        let size = RingSize { bytes: config.ring_bytes, block_timeout_ms: config.block_timeout_ms };
        let ring = Ring::open(size, &filter.program()).map_err(CaptureError::opening)?;
        let addresses = netlink::addresses().map_err(CaptureError::system("list the addresses"))?;
        let first = Changes { interfaces: named, addresses: Some(addresses.clone()) };
        let capture = Capture {
            ring,
            filter,
            config: config.clone(),
            interfaces,
            addresses,
            counts: Counts::default(),
            refreshed: Instant::now(),
        };
        Ok((capture, first))
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
        let (interfaces, counts) = (&mut self.interfaces, &mut self.counts);
        let read = self.ring.read_block(|mut packet| {
            let verdict = interfaces.verdict(packet.interface, packet.tag.map(|tag| tag.contents));
            let Verdict::Take { number, vlan } = verdict else {
                counts.duplicates += 1;
                return;
            };
            counts.frames += 1;
            let (time, sent) = (packet.time, packet.sent);
            let checksum_pending = packet.checksum_pending;
            let (data, wire_len) = packet.cooked(vlan);
            each(&Frame {
                time,
                link: Link::Sll,
                way: if sent { Way::Out } else { Way::In },
                data,
                wire_len,
                interface: number,
                checksum_pending,
            });
        });
        read.is_some()
    }

    /// Asks the kernel for interfaces and addresses when it is time to. A failure leaves what was
    /// known.
    pub fn refresh(&mut self) -> Changes {
        let mut changes = Changes::default();
        let since = self.refreshed.elapsed();
        if since < REFRESH && !(self.interfaces.unknown_seen() && since >= UNKNOWN_PAUSE) {
            return changes;
        }
        self.refreshed = Instant::now();
        let links = netlink::links();
        if let Err(error) = &links {
            tracing::warn!(%error, "the interfaces could not be listed");
        }
        if let Ok(links) = links {
            changes.interfaces = self.interfaces.update(&links, self.config.interfaces.is_empty());
            let only = wanted_indices(&self.config, &links);
            if only != self.filter.only {
                self.set_filter(Filter { only, ..self.filter.clone() });
            }
        }
        if let Ok(addresses) = netlink::addresses()
            && addresses != self.addresses
        {
            self.addresses.clone_from(&addresses);
            changes.addresses = Some(addresses);
        }
        changes
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

    /// The same as of the last time the kernel was asked.
    pub fn last_counts(&self) -> Counts {
        self.counts
    }

    /// Names of the interfaces observed at present.
    pub fn observed(&self) -> Vec<String> {
        self.interfaces.observed(|name| self.config.wants(name) && (self.config.loopback || name != "lo"))
    }

    /// Named interfaces that do not exist at present.
    pub fn missing(&self) -> Vec<String> {
        let observed = self.observed();
        self.config.interfaces.iter().filter(|name| !observed.contains(name)).cloned().collect()
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
