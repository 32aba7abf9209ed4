//! Which local program an attempt belongs to, found beside the packet path.
//!
//! A packet does not say who sent it, so the kernel and `/proc` are asked, from the surest to the
//! least sure:
//!
//! 1. **connect events** ([`trace`]): the kernel tells which process connects whereto. Sure, also
//!    for a connection that lives microseconds, as those of a connect scan do.
//! 2. **the socket** ([`sockets`], [`inodes`]): while it is open, the kernel knows its inode and
//!    `/proc/*/fd` who holds that. For UDP, for services that were connected to, and for connections
//!    where (1) is not to be had.
//! 3. **raw sockets**: packets that no connection made come from a process that may make them by
//!    hand. When only one process holds such a socket that came after the sensor, it is that one.
//!    Of two, neither is named.
//!
//! Everything is bounded: lookups a second, the share of time that `/proc` is searched, tables. An
//! attempt whose owner is not found goes on without one, counted.
//!
//! Belongs here: asking and remembering. Does not belong here: what a process means to anyone.

mod connects;
mod inodes;
mod processes;
mod sockets;
mod stage;
mod trace;

pub use stage::{OwnerHealth, OwnerLimit};
pub(crate) use stage::{Stage, lock};

use connects::Connects;
use inodes::Inodes;
use processes::Processes;
use sockets::{Diag, RawSockets};
use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};
use vedette_event::{Direction, Event, EventKind, Outcome, Process, Transport, flag};

/// Sockets that the kernel is asked for in a second.
const LOOKUPS: u32 = 200;
/// How long the owner of raw packets is taken for granted, and remembered once it is gone: the last
/// of its probes are decided half a second later.
const RAW_FRESH: Duration = Duration::from_millis(300);
const RAW_KEPT: Duration = Duration::from_secs(3);
/// A service belongs to the same process for so long.
const SERVICE_FRESH: Duration = Duration::from_secs(5);
/// Services and flows remembered.
const MOST: usize = 8_192;
/// ARP requests in a second that are more than the kernel's own need for neighbours.
const ARP_SWEEP: u32 = 5;

/// What was done so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Counts {
    /// Attempts whose process was found, and those of this host for which none was.
    pub named: u64,
    pub unnamed: u64,
    /// Of the latter: several processes might have made it.
    pub ambiguous: u64,
    /// Questions about single sockets, and those that were not asked because there were too many.
    pub lookups: u64,
    pub lookups_skipped: u64,
}

/// A process or the lack of one, and when that was found out.
type Found = (Option<Arc<Process>>, Instant);
/// Protocol, address and port.
type Service = (u8, IpAddr, u16);
/// Protocol, source and target.
type Ends = (u8, IpAddr, u16, IpAddr, u16);

/// Finds owners. Lives in one thread.
pub(crate) struct Owners {
    /// `None`: the kernel tells nothing of connections here.
    pub(crate) connects: Option<Connects>,
    pub(crate) processes: Processes,
    pub(crate) inodes: Inodes,
    diag: Option<Diag>,
    raw: RawSockets,
    raw_owners: HashMap<u8, Found>,
    raw_last: Option<(Arc<Process>, Instant)>,
    services: HashMap<Service, Found>,
    flows: HashMap<Ends, Arc<Process>>,
    budget: Budget,
    arp: Budget,
    pub(crate) counts: Counts,
}

impl Owners {
    /// `tracing`: connect events will come.
    pub(crate) fn new(tracing: bool) -> Owners {
        Owners {
            connects: tracing.then(Connects::default),
            processes: Processes::default(),
            inodes: Inodes::default(),
            diag: Diag::open().ok(),
            raw: RawSockets::here(),
            raw_owners: HashMap::new(),
            raw_last: None,
            services: HashMap::new(),
            flows: HashMap::new(),
            budget: Budget::new(LOOKUPS),
            arp: Budget::new(ARP_SWEEP),
            counts: Counts::default(),
        }
    }

    /// Names the processes of a batch.
    pub(crate) fn name(&mut self, events: &mut [Event]) {
        for event in events {
            if event.kind == EventKind::FlowEnd {
                event.process = self.flows.remove(&ends(event));
                continue;
            }
            let ours = matches!(event.direction, Direction::Outbound | Direction::Local);
            let owner = match event.outcome {
                Outcome::MidStream | Outcome::Unsolicited => continue,
                _ if ours => self.sender(event),
                Outcome::Accepted if event.direction == Direction::Inbound => self.service(event),
                _ => continue,
            };
            let count = if owner.is_some() { &mut self.counts.named } else { &mut self.counts.unnamed };
            *count += 1;
            self.remember_flow(event, owner.as_ref());
            event.process = owner;
        }
    }

    fn remember_flow(&mut self, event: &Event, owner: Option<&Arc<Process>>) {
        let Some(owner) = owner.filter(|_| event.outcome == Outcome::Accepted) else { return };
        if self.flows.len() >= MOST {
            self.flows.clear();
        }
        self.flows.insert(ends(event), Arc::clone(owner));
    }

    /// Who made an attempt of this host.
    fn sender(&mut self, event: &Event) -> Option<Arc<Process>> {
        let by_hand = match event.transport {
            Transport::Tcp => {
                if let Some(pid) = self.connects.as_ref().and_then(|connects| connects.owner(event)) {
                    return self.processes.of(pid);
                }
                let traced = self.connects.is_some();
                if (!traced || event.outcome == Outcome::Accepted)
                    && let Some(owner) = self.holder(event)
                {
                    return Some(owner);
                }
                traced || made_by_hand(event)
            }
            Transport::Udp => {
                if let Some(owner) = self.holder(event) {
                    return Some(owner);
                }
                true
            }
            // The kernel asks for neighbours itself.
            Transport::Arp => !self.arp.take(),
            _ => true,
        };
        if by_hand { self.raw(event) } else { None }
    }

    /// Who holds the socket with these ends now.
    fn holder(&mut self, event: &Event) -> Option<Arc<Process>> {
        let local = (event.source, event.source_port);
        let remote = (event.target, event.target_port);
        let inode = self.ask(event.transport, local, Some(remote))?;
        let pid = self.inodes.holder(inode)?;
        self.processes.of(pid)
    }

    /// Who listens where an attempt was accepted.
    fn service(&mut self, event: &Event) -> Option<Arc<Process>> {
        if !matches!(event.transport, Transport::Tcp | Transport::Udp) {
            return None;
        }
        let key = (event.transport.number(), event.target, event.target_port);
        if let Some((known, at)) = self.services.get(&key)
            && at.elapsed() < SERVICE_FRESH
        {
            return known.clone();
        }
        let remote = (event.transport == Transport::Udp).then_some((event.source, event.source_port));
        let inode = self.ask(event.transport, (event.target, event.target_port), remote);
        let pid = inode.and_then(|inode| self.inodes.holder(inode));
        let owner = pid.and_then(|pid| self.processes.of(pid));
        if self.services.len() >= MOST {
            self.services.clear();
        }
        self.services.insert(key, (owner.clone(), Instant::now()));
        owner
    }

    fn ask(
        &mut self,
        transport: Transport,
        local: (IpAddr, u16),
        remote: Option<(IpAddr, u16)>,
    ) -> Option<u64> {
        if !self.budget.take() {
            self.counts.lookups_skipped += 1;
            return None;
        }
        self.counts.lookups += 1;
        self.diag.as_mut()?.inode(transport, local, remote)
    }

    /// Who makes packets by hand.
    fn raw(&mut self, event: &Event) -> Option<Arc<Process>> {
        let kind = event.transport.number();
        let fresh = self.raw_owners.get(&kind).filter(|(_, at)| at.elapsed() < RAW_FRESH);
        let owner = match fresh {
            Some((owner, _)) => owner.clone(),
            None => {
                let owner = self.find_raw(event.transport);
                self.raw_owners.insert(kind, (owner.clone(), Instant::now()));
                owner
            }
        };
        match owner {
            Some(owner) => {
                self.raw_last = Some((Arc::clone(&owner), Instant::now()));
                Some(owner)
            }
            None => {
                self.raw_last.as_ref().filter(|(_, at)| at.elapsed() < RAW_KEPT).map(|(last, _)| last.clone())
            }
        }
    }

    fn find_raw(&mut self, transport: Transport) -> Option<Arc<Process>> {
        let inodes = self.raw.newcomers(transport);
        let mut holders: Vec<u32> = inodes.iter().filter_map(|&inode| self.inodes.holder(inode)).collect();
        holders.sort_unstable();
        holders.dedup();
        match holders[..] {
            [] => None,
            [only] => self.processes.of(only),
            _ => {
                self.counts.ambiguous += 1;
                None
            }
        }
    }
}

fn ends(event: &Event) -> Ends {
    (event.transport.number(), event.source, event.source_port, event.target, event.target_port)
}

/// A stack's SYN carries several options.
fn made_by_hand(event: &Event) -> bool {
    let options = 16 - event.first.options.trailing_zeros() / 4;
    event.first.tcp_flags & (flag::SYN | flag::ACK) != flag::SYN || options <= 2
}

/// So many a second.
struct Budget {
    most: u32,
    left: u32,
    since: Instant,
}

impl Budget {
    fn new(most: u32) -> Budget {
        Budget { most, left: most, since: Instant::now() }
    }

    fn take(&mut self) -> bool {
        if self.since.elapsed() >= Duration::from_secs(1) {
            (self.left, self.since) = (self.most, Instant::now());
        }
        let some = self.left > 0;
        self.left = self.left.saturating_sub(1);
        some
    }
}

#[cfg(test)]
mod tests_support {
    #![allow(clippy::unwrap_used)]
    use vedette_event::*;

    /// A refused SYN that this host sent.
    pub(super) fn attempt(source: &str, source_port: u16, target: &str, target_port: u16, at: i64) -> Event {
        let observer = Observer { id: "o".into(), hostname: "h".into(), kind: ObserverKind::Sensor };
        Event {
            kind: EventKind::Attempt,
            time: Time(at),
            decided: Time(at),
            observer: observer.into(),
            direction: Direction::Outbound,
            transport: Transport::Tcp,
            source: source.parse().unwrap(),
            source_port,
            target: target.parse().unwrap(),
            target_port,
            outcome: Outcome::Refused,
            handshake_completed: false,
            closing: Closing::Open,
            count: 1,
            retries: 0,
            sent: Volume::default(),
            received: Volume::default(),
            duration: 0,
            first: FirstPacket { tcp_flags: flag::SYN, ..FirstPacket::default() },
            icmp: None,
            source_mac: None,
            reset: None,
            vlan: None,
            interface: "eth0".into(),
            process: None,
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_stack_says_more_than_a_tool() {
        let mut event = tests_support::attempt("10.0.0.1", 1, "10.0.0.2", 2, 0);
        assert!(made_by_hand(&event), "no options");
        event.first.options = 0x2000_0000_0000_0000;
        assert!(made_by_hand(&event), "the segment size alone");
        event.first.options = 0x2481_3000_0000_0000;
        assert!(!made_by_hand(&event));
        event.first.tcp_flags = flag::FIN;
        assert!(made_by_hand(&event));
    }

    #[test]
    fn a_flood_asks_the_kernel_a_bounded_number_of_times() {
        let mut owners = Owners::new(false);
        let attempts = |port: u16| tests_support::attempt("10.0.0.1", port, "10.0.0.2", 9, 0);
        let mut events: Vec<Event> = (1..20_000).map(attempts).collect();
        for event in &mut events {
            event.transport = Transport::Udp;
        }
        let begun = Instant::now();
        owners.name(&mut events);
        let seconds = begun.elapsed().as_secs() + 1;
        assert!(owners.counts.lookups <= u64::from(LOOKUPS) * (seconds + 1), "{:?}", owners.counts);
        assert!(owners.counts.lookups_skipped > 0 && owners.counts.unnamed == 19_999, "{:?}", owners.counts);
    }

    #[test]
    fn what_others_began_belongs_to_who_serves_it_and_refusals_to_nobody() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let mut owners = Owners::new(false);
        let mut inbound =
            tests_support::attempt("127.0.0.9", 5, "127.0.0.1", listener.local_addr().unwrap().port(), 0);
        (inbound.direction, inbound.outcome) = (Direction::Inbound, Outcome::Accepted);
        let mut refused = inbound.clone();
        refused.outcome = Outcome::Refused;
        let mut events = [inbound, refused];
        owners.name(&mut events);
        // Our own process is left out of the search: it is found and has no name here.
        assert_eq!((owners.counts.lookups, events[1].process.is_none()), (1, true));
    }

    #[test]
    fn a_budget_ends_and_comes_back() {
        let mut budget = Budget::new(2);
        assert_eq!([budget.take(), budget.take(), budget.take()], [true, true, false]);
        budget.since -= Duration::from_secs(1);
        assert!(budget.take());
    }
}
