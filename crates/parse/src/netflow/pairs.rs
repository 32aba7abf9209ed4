//! Both directions of a flow put together.
//!
//! An exporter tells each direction by itself. A flow waits for its other half for two minutes of
//! flow time. One that stays alone says that nobody answered only where the exporter has shown
//! both halves of other flows: many see one direction only.

use super::flow::{CREATED, DELETED, DENIED, Flow};
use crate::log::{Ends, Fate, Maker, Sides, decide, payload_beyond, reported, transport_of};
use std::collections::{BTreeSet, HashMap};
use std::net::IpAddr;
use vedette_event::{Event, Icmp, Observation, Outcome, Time, Transport, Volume};

/// A half waits so long for the other, in microseconds.
const WAIT: i64 = 120_000_000;
/// Halves that wait at once; then the oldest goes alone.
const MOST: usize = 50_000;
/// Ports below are servers'.
const SERVERS: u16 = 1_024;
/// Headers without payload: IP and the most of TCP; IPv6 has more.
const TCP_HEADERS: u64 = 60;
const UDP_HEADERS: u64 = 28;
const V6_MORE: u64 = 20;
/// Reasons of Cisco's firewalls for denying what is no attempt: not the first packet of one.
const NOT_FIRST: u16 = 1_004;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
struct Key {
    exporter: Option<IpAddr>,
    protocol: u8,
    low: (IpAddr, u16),
    high: (IpAddr, u16),
}

/// One direction, all its records together.
#[derive(Clone, Debug)]
struct Half {
    ends: Ends,
    flow: Flow,
}

#[derive(Default)]
pub(super) struct Pairs {
    waiting: HashMap<Key, Half>,
    /// By the time a half ended.
    order: BTreeSet<(Time, Key)>,
    newest: Option<Time>,
    /// Both halves of a flow were seen.
    both: bool,
}

impl Pairs {
    /// Takes a record, and tells of what it completes and of what has waited long enough.
    pub(super) fn take(&mut self, flow: Flow, maker: &mut Maker, out: &mut Vec<Observation>) {
        let (Some(source), Some(target), Some(protocol)) = (flow.source, flow.target, flow.protocol) else {
            return;
        };
        if source.is_ipv6() != target.is_ipv6() {
            return;
        }
        let transport = transport_of(protocol);
        let ported = matches!(transport, Transport::Tcp | Transport::Udp | Transport::Sctp);
        let port = |port: Option<u16>| port.filter(|_| ported).unwrap_or(0);
        let ends = Ends {
            transport,
            source,
            source_port: port(flow.source_port),
            target,
            target_port: port(flow.target_port),
        };
        let half = Half { ends, flow };
        if half.flow.event.is_some() || half.flow.bytes_back.is_some() || half.flow.packets_back.is_some() {
            half.tell_both(maker, out);
            return;
        }
        let end = half.flow.end;
        self.join(protocol, half, maker, out);
        let newest = self.newest.map_or(end, |newest| newest.max(end));
        self.newest = Some(newest);
        self.expire(newest.plus(-WAIT), maker, out);
    }

    pub(super) fn finish(&mut self, maker: &mut Maker, out: &mut Vec<Observation>) {
        self.expire(Time(i64::MAX), maker, out);
    }

    fn join(&mut self, protocol: u8, half: Half, maker: &mut Maker, out: &mut Vec<Observation>) {
        let (one, other) =
            ((half.ends.source, half.ends.source_port), (half.ends.target, half.ends.target_port));
        let key = Key { exporter: half.flow.exporter, protocol, low: one.min(other), high: one.max(other) };
        let Some(known) = self.waiting.remove(&key) else {
            self.wait(key, half);
            return;
        };
        self.order.remove(&(known.flow.end, key));
        if known.ends.source == half.ends.source && known.ends.source_port == half.ends.source_port {
            self.wait(key, known.and(half.flow));
        } else if half.flow.start.since(known.flow.end) > WAIT {
            known.tell_alone(self.both, maker, out);
            self.wait(key, half);
        } else {
            self.both = true;
            let (first, second) = if known.began(&half) { (known, half) } else { (half, known) };
            first.tell_with(&second.flow, maker, out);
        }
    }

    fn wait(&mut self, key: Key, half: Half) {
        self.order.insert((half.flow.end, key));
        self.waiting.insert(key, half);
    }

    fn expire(&mut self, before: Time, maker: &mut Maker, out: &mut Vec<Observation>) {
        while let Some(&(end, key)) = self.order.first()
            && (end < before || self.order.len() > MOST)
        {
            self.order.pop_first();
            if let Some(half) = self.waiting.remove(&key) {
                half.tell_alone(self.both, maker, out);
            }
        }
    }
}

impl Half {
    /// Together with a further record of the same direction.
    fn and(mut self, more: Flow) -> Half {
        let add = |a: Option<u64>, b: Option<u64>| match (a, b) {
            (Some(a), Some(b)) => Some(a.saturating_add(b)),
            (a, b) => a.or(b),
        };
        let flow = &mut self.flow;
        (flow.bytes, flow.packets) = (add(flow.bytes, more.bytes), add(flow.packets, more.packets));
        flow.flags = flow.flags.map(|flags| flags | more.flags.unwrap_or(0)).or(more.flags);
        (flow.start, flow.end) = (flow.start.min(more.start), flow.end.max(more.end));
        self
    }

    /// Whether this direction is the one that began: it came first, or goes to the lower port.
    fn began(&self, other: &Half) -> bool {
        match self.flow.start.cmp(&other.flow.start) {
            std::cmp::Ordering::Less => true,
            std::cmp::Ordering::Greater => false,
            std::cmp::Ordering::Equal => self.ends.target_port <= self.ends.source_port,
        }
    }

    fn event(&self, maker: &mut Maker) -> Event {
        let device = self.flow.exporter.map(|address| address.to_string()).unwrap_or_default();
        let mut event = maker.attempt(&device, self.ends, self.flow.start);
        event.vlan = self.flow.vlan;
        if event.transport == Transport::Icmp {
            let v6 = event.source.is_ipv6();
            let (kind, code) = self.flow.icmp.unwrap_or((if v6 { 128 } else { 8 }, 0));
            event.icmp = Some(Icmp { kind, code, v6 });
        }
        event
    }

    /// Flags that the exporter tells: many hardware ones write 0 for all.
    fn flags(flow: &Flow) -> Option<u16> {
        flow.flags.filter(|flags| *flags != 0)
    }

    fn volume(&self, bytes: Option<u64>, packets: Option<u64>, flags: Option<u16>) -> Volume {
        let headers = match self.ends.transport {
            Transport::Tcp => TCP_HEADERS,
            _ => UDP_HEADERS,
        } + if self.ends.v6() { V6_MORE } else { 0 };
        payload_beyond(bytes.unwrap_or(0), packets.unwrap_or(0), headers, flags)
    }

    fn sampled(&self) -> bool {
        self.flow.sampling.is_some_and(|one_in| one_in > 1)
    }

    fn tell_with(&self, back: &Flow, maker: &mut Maker, out: &mut Vec<Observation>) {
        let (flags, flags_back) = (Half::flags(&self.flow), Half::flags(back));
        let sides = Sides {
            sent: self.volume(self.flow.bytes, self.flow.packets, flags),
            received: self.volume(back.bytes, back.packets.or(Some(1)), flags_back),
            sent_flags: flags,
            received_flags: flags_back,
        };
        let mut fate = decide(self.ends.transport, &sides);
        if self.sampled() && !fate.handshake {
            fate = Fate::of(Outcome::Unknown);
        }
        out.extend(reported(self.event(maker), fate, &sides, self.flow.end.max(back.end)));
    }

    /// Nothing came back as far as this exporter tells.
    fn tell_alone(&self, both: bool, maker: &mut Maker, out: &mut Vec<Observation>) {
        let flags = Half::flags(&self.flow);
        let sent = self.volume(self.flow.bytes, self.flow.packets, flags);
        let sides = Sides { sent, sent_flags: flags, ..Sides::default() };
        let answer =
            self.ends.source_port < SERVERS && self.ends.target_port >= SERVERS && self.ends.source_port > 0;
        let fate = match self.ends.transport {
            Transport::Tcp if flags.is_some() => decide(Transport::Tcp, &sides),
            _ if answer => Fate::of(Outcome::MidStream),
            _ => Fate::of(Outcome::Unanswered),
        };
        // A client that never acknowledged was not served, whoever looks.
        let certain = flags.is_some_and(|flags| flags & vedette_event::flag::ACK == 0);
        let fate = match fate.outcome {
            Outcome::Unsolicited if !both => Fate { outcome: Outcome::MidStream, ..fate },
            Outcome::Unanswered if self.sampled() || !(both || certain) => {
                Fate { outcome: Outcome::Unknown, ..fate }
            }
            _ => fate,
        };
        out.extend(reported(self.event(maker), fate, &sides, self.flow.end));
    }

    /// A record of a firewall, or of an exporter that tells both ways in one.
    fn tell_both(&self, maker: &mut Maker, out: &mut Vec<Observation>) {
        let flow = &self.flow;
        let flags = Half::flags(flow);
        let flags_back = flow.flags_back.filter(|flags| *flags != 0);
        let back = flow.packets_back.or(flow.bytes_back.map(|bytes| u64::from(bytes > 0)));
        let sides = Sides {
            sent: self.volume(flow.bytes, flow.packets.or(Some(0)), flags),
            received: self.volume(flow.bytes_back, back, flags_back),
            sent_flags: flags,
            received_flags: flags_back,
        };
        let fate = match flow.event {
            Some(DENIED) if flow.extended == Some(NOT_FIRST) => Fate::of(Outcome::MidStream),
            Some(DENIED) => Fate::of(Outcome::Unanswered),
            // It is told again when it is over.
            Some(CREATED | 5) => return,
            // A firewall counts payload: none back says nothing about the handshake.
            Some(DELETED) if sides.received.packets == 0 && flow.packets_back.is_none() => {
                Fate::of(Outcome::Unknown)
            }
            _ => decide(self.ends.transport, &sides),
        };
        out.extend(reported(self.event(maker), fate, &sides, flow.end));
    }
}
