//! Flows as events: direction, names, observer.

use super::flood::{Aggregate, Class};
use super::state::Flow;
use crate::packet::Way;
use std::net::IpAddr;
use std::sync::Arc;
use vedette_event::{Closing, Direction, Event, EventKind, Observer, Outcome, Time, Volume};

pub struct Emitter {
    observer: Arc<Observer>,
    /// Sorted.
    own: Vec<IpAddr>,
    interfaces: Vec<Arc<str>>,
    unnamed: Arc<str>,
    pub attempts: u64,
    pub flow_ends: u64,
}

impl Emitter {
    pub fn new(observer: Arc<Observer>, own: Vec<IpAddr>) -> Emitter {
        let mut emitter = Emitter {
            observer,
            own: Vec::new(),
            interfaces: Vec::new(),
            unnamed: Arc::from(""),
            attempts: 0,
            flow_ends: 0,
        };
        emitter.set_own(own);
        emitter
    }

    pub fn set_own(&mut self, mut own: Vec<IpAddr>) {
        own.sort_unstable();
        own.dedup();
        self.own = own;
    }

    pub fn set_interface(&mut self, number: usize, name: &str) {
        if self.interfaces.len() <= number {
            self.interfaces.resize(number + 1, self.unnamed.clone());
        }
        self.interfaces[number] = Arc::from(name);
    }

    fn interface(&self, number: u32) -> Arc<str> {
        self.interfaces.get(number as usize).unwrap_or(&self.unnamed).clone()
    }

    fn direction(&self, source: IpAddr, target: IpAddr, way: Way) -> Direction {
        if source.is_loopback() && target.is_loopback() {
            return Direction::Local;
        }
        if self.own.is_empty() {
            return match way {
                Way::In => Direction::Inbound,
                Way::Out => Direction::Outbound,
                Way::Unknown => Direction::Observed,
            };
        }
        let own = |address: &IpAddr| self.own.binary_search(address).is_ok();
        match (own(&source), own(&target)) {
            (true, true) => Direction::Local,
            (false, true) => Direction::Inbound,
            (true, false) => Direction::Outbound,
            (false, false) => Direction::Observed,
        }
    }

    fn event(&self, flow: &Flow, kind: EventKind, decided: Time) -> Event {
        let (source, source_port) = flow.key.end(flow.source_low);
        let (target, target_port) = flow.key.end(!flow.source_low);
        Event {
            kind,
            time: if kind == EventKind::FlowEnd { flow.last } else { flow.began },
            decided,
            observer: self.observer.clone(),
            direction: self.direction(source, target, flow.way),
            transport: flow.key.transport(),
            source,
            source_port,
            target,
            target_port,
            outcome: flow.outcome,
            handshake_completed: flow.completed,
            closing: flow.closing,
            count: 1,
            retries: flow.retries,
            sent: flow.sent,
            received: flow.received,
            duration: flow.last.since(flow.began),
            first: flow.first,
            icmp: flow.icmp,
            source_mac: flow.source_mac,
            reset: None,
            vlan: flow.vlan,
            interface: self.interface(flow.interface),
            process: None,
        }
    }

    pub fn attempt(&mut self, flow: &Flow, decided: Time, out: &mut Vec<Event>) {
        self.attempts += 1;
        out.push(self.event(flow, EventKind::Attempt, decided));
    }

    /// `first.payload_prefix` and `first.payload_len` are those of the first packet of the source
    /// that carried payload; everything else in `first` is the first packet's.
    pub fn flow_end(&mut self, flow: &Flow, decided: Time, out: &mut Vec<Event>) {
        self.flow_ends += 1;
        out.push(self.event(flow, EventKind::FlowEnd, decided));
    }

    /// A flood's second: source, source port and `first` are those of its first attempt in this second
    /// that was not followed by itself; `count` says how many there were.
    pub fn aggregate(&mut self, aggregate: &Aggregate, decided: Time, out: &mut Vec<Event>) {
        self.attempts += 1;
        let sample = &aggregate.sample;
        let outcome =
            if aggregate.class == Class::Answer { Outcome::Unsolicited } else { Outcome::Unanswered };
        let sent = Volume { packets: aggregate.count, bytes: 0 };
        out.push(Event {
            kind: EventKind::Attempt,
            time: sample.time,
            decided,
            observer: self.observer.clone(),
            direction: self.direction(sample.source.0, aggregate.target, sample.way),
            transport: aggregate.transport,
            source: sample.source.0,
            source_port: sample.source.1,
            target: aggregate.target,
            target_port: aggregate.port,
            outcome,
            handshake_completed: false,
            closing: Closing::Open,
            count: aggregate.count,
            retries: 0,
            sent,
            received: Volume::default(),
            duration: aggregate.last.since(sample.time).max(0),
            first: sample.first,
            icmp: None,
            source_mac: sample.source_mac,
            reset: None,
            vlan: sample.vlan,
            interface: self.interface(sample.interface),
            process: None,
        });
    }
}
