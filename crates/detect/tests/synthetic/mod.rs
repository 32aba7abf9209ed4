//! Events made by hand, and what a detector tells of them.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, dead_code)]

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use vedette_detect::{Config, Detector};
use vedette_event::{
    Change, Closing, Detection, DetectionKind, Direction, Event, EventKind, FirstPacket, Icmp, Observer,
    ObserverKind, Outcome, Time, Transport, Volume, flag,
};

pub const SECOND: i64 = 1_000_000;
pub const START: Time = Time(1_700_000_000_000_000);

pub fn ip(text: &str) -> IpAddr {
    text.parse().unwrap()
}

pub fn v4(bits: u32) -> IpAddr {
    IpAddr::V4(Ipv4Addr::from_bits(bits))
}

thread_local! {
    static OBSERVER: Arc<Observer> =
        Arc::new(Observer { id: "agent-1".to_owned(), hostname: "host".to_owned(), kind: ObserverKind::Sensor });
    static INTERFACE: Arc<str> = Arc::from("eth0");
}

/// An attempt that got no answer, `at` microseconds after the start.
pub fn attempt(at: i64, source: IpAddr, target: IpAddr, transport: Transport, port: u16) -> Event {
    Event {
        kind: EventKind::Attempt,
        time: START.plus(at),
        decided: START.plus(at + 500_000),
        observer: OBSERVER.with(Arc::clone),
        direction: Direction::Inbound,
        transport,
        source,
        source_port: 40_000 ^ port,
        target,
        target_port: port,
        outcome: Outcome::Unanswered,
        handshake_completed: false,
        closing: Closing::Open,
        count: 1,
        retries: 0,
        sent: Volume { packets: 1, bytes: 0 },
        received: Volume::default(),
        duration: 0,
        first: FirstPacket { ttl: 64, ..FirstPacket::default() },
        icmp: None,
        source_mac: None,
        reset: None,
        vlan: None,
        interface: INTERFACE.with(Arc::clone),
        process: None,
    }
}

/// A SYN as Linux sends it, unanswered.
pub fn syn(at: i64, source: IpAddr, target: IpAddr, port: u16) -> Event {
    let mut event = attempt(at, source, target, Transport::Tcp, port);
    event.first = FirstPacket {
        tcp_flags: flag::SYN,
        ttl: 64,
        window: 64_240,
        sequence: (at as u32).wrapping_mul(2_654_435_761),
        dont_fragment: true,
        mss: 1460,
        options: 0x2481_3000_0000_0000,
        ..FirstPacket::default()
    };
    event
}

/// The same, refused at once.
pub fn refused(at: i64, source: IpAddr, target: IpAddr, port: u16) -> Event {
    let event = syn(at, source, target, port);
    Event { outcome: Outcome::Refused, decided: event.time.plus(100), ..event }
}

/// A connection: the attempt and its end `lasting` microseconds later.
pub fn connection(
    at: i64,
    source: IpAddr,
    target: IpAddr,
    port: u16,
    said: u64,
    heard: u64,
    lasting: i64,
) -> [Event; 2] {
    let event = syn(at, source, target, port);
    let open = Event {
        outcome: Outcome::Accepted,
        handshake_completed: true,
        decided: event.time.plus(200),
        ..event
    };
    let end = Event {
        kind: EventKind::FlowEnd,
        time: open.time.plus(lasting),
        decided: open.time.plus(lasting),
        duration: lasting,
        closing: Closing::Fin,
        sent: Volume { packets: 4, bytes: said },
        received: Volume { packets: 3, bytes: heard },
        ..open.clone()
    };
    [open, end]
}

/// An nmap-style SYN answered by RST.
pub fn raw_refused(at: i64, source: IpAddr, target: IpAddr, port: u16) -> Event {
    let mut event = refused(at, source, target, port);
    event.first = FirstPacket {
        tcp_flags: flag::SYN,
        ttl: 48,
        window: 1024,
        sequence: 77,
        mss: 1460,
        options: 0x2000_0000_0000_0000,
        ..FirstPacket::default()
    };
    event
}

pub fn udp(at: i64, source: IpAddr, source_port: u16, target: IpAddr, port: u16, outcome: Outcome) -> Event {
    let mut event = attempt(at, source, target, Transport::Udp, port);
    event.source_port = source_port;
    event.outcome = outcome;
    event.first.payload_len = 40;
    event.sent.bytes = 40;
    if outcome == Outcome::Accepted {
        event.received = Volume { packets: 1, bytes: 80 };
    }
    if outcome != Outcome::Unanswered {
        event.decided = event.time.plus(1_000);
    }
    event
}

pub fn ping(at: i64, source: IpAddr, target: IpAddr, answered: bool) -> Event {
    let mut event = attempt(at, source, target, Transport::Icmp, 0);
    event.icmp = Some(Icmp { kind: 8, code: 0, v6: false });
    if answered {
        event.outcome = Outcome::Accepted;
        event.decided = event.time.plus(300);
    }
    event
}

/// Sorts by the time of decision, as folders emit.
pub fn in_order(mut events: Vec<Event>) -> Vec<Event> {
    events.sort_by_key(|event| event.decided);
    events
}

pub fn run(config: Config, events: &[Event]) -> Vec<Detection> {
    let mut detector = Detector::new(config);
    let mut out = Vec::new();
    for event in events {
        detector.observe(event, &mut out);
    }
    detector.finish(&mut out);
    out
}

pub fn told(events: Vec<Event>) -> Vec<Detection> {
    run(Config::default(), &in_order(events))
}

/// Campaigns of scans as they stand at the end, in the order they opened.
pub fn scans(told: &[Detection]) -> Vec<Detection> {
    of_kind(told, DetectionKind::Scan)
}

pub fn of_kind(told: &[Detection], kind: DetectionKind) -> Vec<Detection> {
    let mut last: Vec<Detection> = Vec::new();
    for detection in told.iter().filter(|detection| detection.kind == kind) {
        match last.iter_mut().find(|known| known.id == detection.id) {
            Some(known) => *known = detection.clone(),
            None => last.push(detection.clone()),
        }
    }
    last
}

pub fn changes(told: &[Detection]) -> Vec<Change> {
    told.iter().map(|detection| detection.change).collect()
}
