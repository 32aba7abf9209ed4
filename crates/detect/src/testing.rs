//! Synthetic events for unit tests.
#![allow(clippy::unwrap_used)]

use std::sync::Arc;
use vedette_event::{
    Closing, Direction, Event, EventKind, FirstPacket, Observer, ObserverKind, Outcome, Time, Transport,
    Volume, flag,
};

/// An unanswered attempt at time zero.
pub(crate) fn probe(source: &str, target: &str, port: u16, transport: Transport) -> Event {
    Event {
        kind: EventKind::Attempt,
        time: Time::ZERO,
        decided: Time::ZERO,
        observer: Arc::new(Observer {
            id: "agent-1".to_owned(),
            hostname: "host".to_owned(),
            kind: ObserverKind::Sensor,
        }),
        direction: Direction::Observed,
        transport,
        source: source.parse().unwrap(),
        source_port: 40_000,
        target: target.parse().unwrap(),
        target_port: port,
        outcome: Outcome::Unanswered,
        handshake_completed: false,
        closing: Closing::Open,
        count: 1,
        retries: 0,
        sent: Volume::default(),
        received: Volume::default(),
        duration: 0,
        first: FirstPacket { ttl: 64, ..FirstPacket::default() },
        icmp: None,
        source_mac: None,
        reset: None,
        vlan: None,
        interface: Arc::from(""),
        process: None,
    }
}

/// A SYN as Linux sends it.
pub(crate) fn syn(source: &str, target: &str, port: u16) -> Event {
    let mut event = probe(source, target, port, Transport::Tcp);
    event.first = FirstPacket {
        tcp_flags: flag::SYN,
        ttl: 64,
        window: 64_240,
        sequence: 0x1357_9bdf ^ u32::from(port) << 7,
        dont_fragment: true,
        mss: 1460,
        options: 0x2481_3000_0000_0000,
        ..FirstPacket::default()
    };
    event
}
