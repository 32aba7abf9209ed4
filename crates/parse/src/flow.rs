//! Packets folded into connection attempts.
//!
//! One [`Event`] for each attempt, when its first outcome is known or 500 ms after its first packet,
//! and one for the end of each accepted flow that went on after that. Time is the packets': nothing
//! here reads a clock, and the same packets give the same events.
//!
//! How each transport is read:
//! - **TCP**: a SYN is an attempt. SYN-ACK and then ACK, RST of the source, or 500 ms of silence make it
//!   accepted, and so does anything the target sends later in a connection; RST makes it refused. Where the
//!   source acknowledges an answer that was not seen, the outcome is unknown. Packets without a flow are attempts too (FIN, NULL, XMAS, ACK,
//!   Maimon probes): refused when RST comes back, mid-stream when anything else does, unanswered when
//!   nothing does. SYN-ACK and RST without a flow are unsolicited.
//! - **UDP, ICMP queries, other IP protocols**: any packet the other way accepts.
//! - **SCTP**: INIT-ACK accepts, ABORT refuses. The payload prefix begins with the first chunk, so its
//!   first byte is the chunk type (1 INIT, 10 COOKIE-ECHO).
//! - **ARP and neighbour discovery**: the reply accepts.
//! - **ICMP errors** are matched by the packet they quote; port (or protocol) unreachable from the
//!   target itself refuses, other unreachables reject. An error about a packet never seen is
//!   unsolicited.
//!
//! No end is told of ARP, of TCP flows whose handshake was never completed, and of flows in which
//! nothing came after the attempt's event: it told everything.
//!
//! Repetitions of a first packet count as `retries`, before the attempt's event and after it, and are
//! never attempts of their own. Not reported at all, only counted: multicast membership, router
//! discovery and routing chatter, gratuitous ARP, answers to multicast questions.

mod config;
mod datagram;
mod duplicates;
mod emit;
mod flood;
mod icmp;
mod key;
mod multicast;
mod repeaters;
mod resolve;
mod state;
mod table;
mod tcp;

pub use config::{FolderConfig, FolderStats};

use crate::packet::{Body, Packet};
use crate::reassembly::{HEAD, Reassembler};
use duplicates::Duplicates;
use emit::Emitter;
use flood::Floods;
use multicast::Questions;
use state::State;
use std::net::IpAddr;
use table::{QUEUES, Queue, Table};
use vedette_event::{Closing, Event, Outcome, Time, Transport};

/// A clock that goes back further than this was set, or the capture was put together out of order.
/// Less is the jitter between capture rings.
const CLOCK_STEP: i64 = 5_000_000;
/// Datagrams in fragments followed at one time.
const DATAGRAMS: usize = 4_096;
/// Interfaces with names.
const MAX_INTERFACES: usize = 65_536;

/// Folds packets into events. See the [module](self).
pub struct FlowFolder {
    table: Table,
    floods: Floods,
    questions: Questions,
    duplicates: Duplicates,
    reassembler: Reassembler,
    emitter: Emitter,
    max_flows: usize,
    now: Time,
    /// Nothing expires before this time.
    wake: i64,
    /// When the floods are told next.
    flood_tick: Option<i64>,
    /// The latest packet began a flow.
    began: bool,
    stats: FolderStats,
}

impl FlowFolder {
    pub fn new(config: FolderConfig) -> FlowFolder {
        let hasher = config.hasher();
        FlowFolder {
            table: Table::new(hasher.clone()),
            floods: Floods::new(config.flood_rate.max(1), hasher.clone()),
            questions: Questions::new(hasher.clone()),
            duplicates: Duplicates::new(hasher.clone()),
            reassembler: Reassembler::new(DATAGRAMS, hasher),
            emitter: Emitter::new(config.observer, config.own_addresses),
            // The table must hold at least the flow at hand and the one it displaces.
            max_flows: config.max_flows.max(16),
            now: Time(i64::MIN),
            wake: i64::MAX,
            flood_tick: None,
            began: false,
            stats: FolderStats::default(),
        }
    }

    /// Names an interface for the events. Numbers above 65,535 stay without a name.
    pub fn set_interface(&mut self, number: u32, name: &str) {
        if (number as usize) < MAX_INTERFACES {
            self.emitter.set_interface(number as usize, name);
        }
    }

    /// Replaces the observer's own addresses; flows begun before keep theirs until their event.
    pub fn set_own_addresses(&mut self, addresses: Vec<IpAddr>) {
        self.emitter.set_own(addresses);
    }

    /// Takes a packet. Events whose time has come before it leave first.
    #[inline]
    pub fn push(&mut self, packet: &Packet<'_>, out: &mut Vec<Event>) {
        self.stats.packets += 1;
        self.began = false;
        self.advance(packet.time, out);
        if self.duplicates.is_duplicate(packet) {
            self.stats.duplicates += 1;
            return;
        }
        match packet.body {
            Body::Fragment(fragment) => self.fragment(packet, fragment, out),
            _ => self.whole(packet, out),
        }
    }

    #[inline]
    fn whole(&mut self, packet: &Packet<'_>, out: &mut Vec<Event>) {
        match packet.body {
            Body::Tcp(tcp) => self.tcp(packet, tcp, out),
            Body::Udp(udp) => self.udp(packet, udp, out),
            Body::Icmp(message) => self.icmp(packet, message, out),
            Body::Resolve(resolve) => self.resolve(packet, resolve, out),
            Body::Sctp(sctp) => self.sctp(packet, sctp, out),
            Body::Other => self.other(packet, out),
            Body::Fragment(_) => {}
        }
    }

    fn fragment(&mut self, packet: &Packet<'_>, fragment: crate::packet::Fragment, out: &mut Vec<Event>) {
        let mut head = [0; HEAD];
        if let Some(whole) = self.reassembler.push(packet, fragment, &mut head) {
            self.whole(&whole, out);
        }
    }

    /// Whether the packet that was pushed last belonged to no flow that was known, and began one.
    pub fn began_flow(&self) -> bool {
        self.began
    }

    /// Time goes on without packets: decides what has waited long enough.
    ///
    /// With several capture rings `now` should stay behind the newest packet by as much as they may
    /// be apart. A `now` more than 5 s before the last one means that the clock was set.
    #[inline]
    pub fn advance(&mut self, now: Time, out: &mut Vec<Event>) {
        if now.0 >= self.wake {
            self.expire(now, out);
        }
        if now > self.now {
            self.now = now;
        } else if self.now.since(now) > CLOCK_STEP {
            self.clock_step(now, out);
        }
    }

    #[cold]
    fn clock_step(&mut self, now: Time, out: &mut Vec<Event>) {
        self.finish(out);
        self.stats.clock_steps += 1;
        self.now = now;
    }

    /// The capture ends: decides everything that is open. The folder can be used again.
    pub fn finish(&mut self, out: &mut Vec<Event>) {
        for queue in QUEUES {
            while let Some(at) = self.table.pass(queue) {
                self.conclude(at, Closing::Open, out);
            }
        }
        self.table.clear();
        self.tell_floods(out);
        self.flood_tick = None;
        self.wake = i64::MAX;
    }

    pub fn stats(&self) -> FolderStats {
        FolderStats {
            flows: self.table.len(),
            reassembly: self.reassembler.stats(),
            attempts: self.emitter.attempts,
            flow_ends: self.emitter.flow_ends,
            ..self.stats
        }
    }

    /// Handles every deadline up to `now`, in order.
    #[cold]
    fn expire(&mut self, now: Time, out: &mut Vec<Event>) {
        loop {
            let mut next = (self.flood_tick.unwrap_or(i64::MAX), None);
            for queue in QUEUES {
                if let Some((at, deadline)) = self.table.front(queue)
                    && deadline < next.0
                {
                    next = (deadline, Some((at, queue)));
                }
            }
            self.wake = next.0;
            if next.0 > now.0 || next.0 == i64::MAX {
                return;
            }
            self.now = self.now.max(Time(next.0));
            match next.1 {
                Some((at, queue)) => self.timeout(at, queue, next.0, out),
                None => self.tell_floods(out),
            }
        }
    }

    /// The deadline of a flow at the front of its queue has come.
    fn timeout(&mut self, at: u32, queue: Queue, deadline: i64, out: &mut Vec<Event>) {
        let flow = self.table.flow(at);
        let active = flow.last.0 > deadline.saturating_sub(queue.timeout());
        match queue {
            Queue::Pending => {
                self.decide_by_silence(at, out);
                self.settle(at, State::Done);
            }
            Queue::HalfOpen => {
                self.accept(at, State::Open, out);
                self.table.requeue(at, Queue::OpenShort, self.now.0);
            }
            _ if active => self.table.requeue(at, queue, self.now.0),
            _ => self.close(at, Closing::Timeout, out),
        }
    }

    /// No answer came.
    fn decide_by_silence(&mut self, at: u32, out: &mut Vec<Event>) {
        let flow = self.table.flow(at);
        let outcome = match flow.opening {
            state::Opening::SynAck | state::Opening::Answer => Outcome::Unsolicited,
            state::Opening::Middle if flow.progressed => Outcome::MidStream,
            // It acknowledged an answer that was not seen: lost, or on another way.
            state::Opening::Request if flow.progressed => Outcome::Unknown,
            _ => Outcome::Unanswered,
        };
        self.decide(at, outcome, out);
    }

    /// Emits the attempt with its outcome.
    fn decide(&mut self, at: u32, outcome: Outcome, out: &mut Vec<Event>) {
        let flow = self.table.flow(at);
        flow.outcome = outcome;
        flow.told = flow.packets();
        self.emitter.attempt(flow, self.now, out);
    }

    /// Emits the attempt as accepted and goes on with the flow, or not.
    fn accept(&mut self, at: u32, then: State, out: &mut Vec<Event>) {
        self.decide(at, Outcome::Accepted, out);
        self.table.flow(at).state = then;
    }

    /// Moves a flow into the queue of its new state.
    fn settle(&mut self, at: u32, state: State) {
        let flow = self.table.flow(at);
        flow.state = state;
        let queue = match (state, flow.key.transport()) {
            (State::Done, Transport::Udp) => Queue::DoneUdp,
            (State::Done, _) => Queue::Done,
            (State::Open, Transport::Tcp) => Queue::OpenTcp,
            (State::Open, _) => Queue::OpenShort,
            (State::HalfOpen, _) => Queue::HalfOpen,
            (State::Pending, _) => Queue::Pending,
        };
        self.table.requeue(at, queue, self.now.0);
        self.wake = self.wake.min(self.now.0.saturating_add(queue.timeout()));
    }

    /// Adds a new flow, making room first.
    fn insert(&mut self, flow: state::Flow, out: &mut Vec<Event>) -> u32 {
        if self.table.len() >= self.max_flows {
            self.make_room(out);
        }
        self.began = true;
        self.wake = self.wake.min(self.now.0.saturating_add(Queue::Pending.timeout()));
        self.table.insert(flow, Queue::Pending, self.now.0)
    }

    /// Forgets the flow that is missed least: what is over; in a burst of strangers the longest
    /// waiting of them; else whoever is open.
    fn make_room(&mut self, out: &mut Vec<Event>) {
        let waiting = self.table.queue_len(Queue::Pending) > self.max_flows / 2;
        let order = if waiting {
            [Queue::Done, Queue::DoneUdp, Queue::Pending, Queue::HalfOpen, Queue::OpenShort, Queue::OpenTcp]
        } else {
            [Queue::Done, Queue::DoneUdp, Queue::OpenShort, Queue::OpenTcp, Queue::HalfOpen, Queue::Pending]
        };
        let Some((at, queue)) =
            order.into_iter().find_map(|queue| self.table.front(queue).map(|(at, _)| (at, queue)))
        else {
            return;
        };
        match queue {
            Queue::Pending | Queue::HalfOpen => self.stats.evicted_pending += 1,
            Queue::OpenShort | Queue::OpenTcp => self.stats.evicted_open += 1,
            Queue::Done | Queue::DoneUdp => self.stats.evicted_done += 1,
        }
        self.close(at, Closing::Open, out);
    }

    /// Takes a flow out of the table, telling what was not told yet.
    fn close(&mut self, at: u32, closing: Closing, out: &mut Vec<Event>) {
        self.conclude(at, closing, out);
        self.table.remove(at);
    }

    /// Tells what was not told yet.
    fn conclude(&mut self, at: u32, closing: Closing, out: &mut Vec<Event>) {
        match self.table.flow(at).state {
            State::Pending => self.decide_by_silence(at, out),
            State::HalfOpen => self.decide(at, Outcome::Accepted, out),
            State::Open => self.end(at, closing, out),
            State::Done => {}
        }
    }

    /// Tells the end of an open flow, where the attempt's event did not tell everything.
    fn end(&mut self, at: u32, closing: Closing, out: &mut Vec<Event>) {
        let flow = self.table.flow(at);
        let worth_telling = flow.packets() > flow.told
            && match flow.key.transport() {
                Transport::Tcp => flow.completed,
                Transport::Arp => false,
                _ => true,
            };
        if flow.outcome == Outcome::Accepted && worth_telling {
            flow.closing = closing;
            self.emitter.flow_end(flow, self.now, out);
        }
    }

    fn tell_floods(&mut self, out: &mut Vec<Event>) {
        let Self { floods, emitter, stats, now, .. } = self;
        floods.tick(|aggregate| {
            stats.aggregated += u64::from(aggregate.count);
            emitter.aggregate(&aggregate, *now, out);
        });
        self.flood_tick = None;
        self.schedule_floods();
    }

    /// Floods are told at every whole second while there are any.
    fn schedule_floods(&mut self) {
        if self.flood_tick.is_none() && self.floods.any() {
            let tick = self.now.seconds().saturating_add(1).saturating_mul(1_000_000);
            self.flood_tick = Some(tick);
            self.wake = self.wake.min(tick);
        }
    }
}
