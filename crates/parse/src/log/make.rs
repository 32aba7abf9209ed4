//! Events out of what a log line says.

use super::{Format, LogError};
use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::Arc;
use vedette_event::{
    Closing, Direction, Event, EventKind, FirstPacket, Observer, ObserverKind, Outcome, Time, Transport,
    Volume, flag,
};

/// Devices told apart in one log; further ones are told as the log.
const DEVICES: usize = 1_000;

/// Who spoke to whom.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ends {
    pub(crate) transport: Transport,
    pub(crate) source: IpAddr,
    pub(crate) source_port: u16,
    pub(crate) target: IpAddr,
    pub(crate) target_port: u16,
}

/// Makes the events of one log, and names its observers.
pub(crate) struct Maker {
    format: Format,
    log: Arc<Observer>,
    devices: HashMap<String, Arc<Observer>>,
    no_interface: Arc<str>,
}

impl Maker {
    pub(crate) fn new(format: Format, origin: &str) -> Maker {
        let log = Arc::new(observer(format, origin));
        Maker { format, log, devices: HashMap::new(), no_interface: Arc::from("") }
    }

    /// An attempt as a log tells it: nothing is known of it but its ends, and that TCP begins with
    /// SYN. `device` is who logged it; the log itself where the line does not say.
    pub(crate) fn attempt(&mut self, device: &str, ends: Ends, time: Time) -> Event {
        let tcp = ends.transport == Transport::Tcp;
        Event {
            kind: EventKind::Attempt,
            time,
            decided: time,
            observer: self.observer(device),
            direction: Direction::Observed,
            transport: ends.transport,
            source: ends.source,
            source_port: ends.source_port,
            target: ends.target,
            target_port: ends.target_port,
            outcome: Outcome::Unknown,
            handshake_completed: false,
            closing: Closing::Open,
            count: 1,
            retries: 0,
            sent: Volume { packets: 1, bytes: 0 },
            received: Volume::default(),
            duration: 0,
            first: FirstPacket {
                tcp_flags: if tcp { flag::SYN } else { 0 },
                partial: true,
                ..FirstPacket::default()
            },
            icmp: None,
            source_mac: None,
            reset: None,
            vlan: None,
            interface: Arc::clone(&self.no_interface),
            process: None,
        }
    }

    fn observer(&mut self, device: &str) -> Arc<Observer> {
        if device.is_empty() {
            return Arc::clone(&self.log);
        }
        if let Some(known) = self.devices.get(device) {
            return Arc::clone(known);
        }
        if self.devices.len() >= DEVICES {
            return Arc::clone(&self.log);
        }
        let new = Arc::new(observer(self.format, device));
        self.devices.insert(device.to_owned(), Arc::clone(&new));
        new
    }
}

fn observer(format: Format, name: &str) -> Observer {
    let name: String = name.chars().take(200).collect();
    Observer { id: format!("{}:{name}", format.as_str()), hostname: name, kind: ObserverKind::Log }
}

/// A protocol in words or as a number.
pub(crate) fn transport_named(name: &str) -> Option<Transport> {
    let number = match name.to_ascii_lowercase().as_str() {
        "tcp" => 6,
        "udp" | "udplite" => 17,
        "icmp" | "icmp4" => 1,
        "icmpv6" | "icmp6" | "ipv6-icmp" => 58,
        "sctp" => 132,
        "igmp" => 2,
        "ipip" => 4,
        "ipv6" => 41,
        "gre" => 47,
        "esp" => 50,
        "ah" => 51,
        "ospf" | "ospfigp" => 89,
        "pim" => 103,
        other => other.parse().ok()?,
    };
    Some(transport_of(number))
}

/// A protocol by its number.
pub(crate) fn transport_of(number: u8) -> Transport {
    match number {
        6 => Transport::Tcp,
        17 => Transport::Udp,
        132 => Transport::Sctp,
        1 | 58 => Transport::Icmp,
        other => Transport::Ip(other),
    }
}

/// The word for it that rows hold.
pub(crate) fn transport_name(transport: Transport, v6: bool) -> String {
    match transport {
        Transport::Tcp => "tcp".to_owned(),
        Transport::Udp => "udp".to_owned(),
        Transport::Sctp => "sctp".to_owned(),
        Transport::Icmp if v6 => "icmpv6".to_owned(),
        Transport::Icmp => "icmp".to_owned(),
        Transport::Arp => "arp".to_owned(),
        Transport::Ip(number) => number.to_string(),
    }
}

impl Ends {
    pub(crate) fn v6(&self) -> bool {
        self.source.is_ipv6()
    }

    /// Addresses that must be there.
    pub(crate) fn addresses(source: &str, target: &str) -> Result<(IpAddr, IpAddr), LogError> {
        let parse = |text: &str, name| match text {
            "" | "-" => Err(LogError::Missing { name }),
            text => text.parse().map_err(|_| LogError::Bad { name, expected: "an IP address" }),
        };
        Ok((parse(source, "the source address")?, parse(target, "the destination address")?))
    }
}
