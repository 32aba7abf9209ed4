//! What is known of the services of the hosts we see: which answer, and which are flooded.
//!
//! A flood with invented sources is many strangers that fail at the same service, each once. It
//! is told as a flood, and its strangers are not remembered as sources while it lasts.
//!
//! Belongs here: per-service counters. Does not belong here: single sources.

use crate::networks::Host;
use crate::table::Recent;
use ahash::RandomState;
use std::hash::{Hash, Hasher};
use std::net::IpAddr;
use vedette_event::{Time, Transport};

/// Bytes an entry takes in the table, generously.
const SERVICE_BYTES: usize = 128;
/// Time constant of the rates, in seconds.
const SECONDS: f64 = 10.0;
/// Strangers failing at one service within the time constant that make a flood: more than
/// retries, worms and rediscovery bring to one port, less than any flood worth its name.
const SERVICE_FLOOD: f32 = 256.0;
/// The same for all ports of a host together, where scans by many sources add up as well.
const HOST_FLOOD: f32 = 1_024.0;
/// It is a flood while fewer than this part of as many as fail finish.
const FINISHING: f32 = 0.25;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ServiceKey {
    pub(crate) target: IpAddr,
    pub(crate) transport: Transport,
    /// `None` stands for the host's ports together.
    pub(crate) port: Option<u16>,
}

impl Hash for ServiceKey {
    fn hash<H: Hasher>(&self, state: &mut H) {
        Host(self.target).hash(state);
        self.transport.hash(state);
        state.write_u32(self.port.map_or(u32::MAX, u32::from));
    }
}

/// Events per [`SECONDS`], forgetting exponentially.
#[derive(Clone, Copy, Debug, Default)]
struct Rate {
    sum: f32,
    at: Time,
}

#[derive(Clone, Copy, Debug, Default)]
struct Service {
    answers: bool,
    failing: Rate,
    finishing: Rate,
}

pub(crate) struct Services {
    table: Recent<ServiceKey, Service>,
}

impl Services {
    /// Remembers as many services as fit in `bytes`; the least recently used goes first.
    pub(crate) fn new(bytes: usize, hasher: RandomState) -> Services {
        Services { table: Recent::new(bytes / SERVICE_BYTES, hasher) }
    }

    /// It answered as an open port.
    pub(crate) fn note_answer(&mut self, key: ServiceKey) {
        if let Some(service) = self.table.entry(key, Service::default) {
            service.answers = true;
        }
    }

    /// Someone finished a connection to it.
    pub(crate) fn note_finished(&mut self, key: ServiceKey, at: Time) {
        for key in [key, ServiceKey { port: None, ..key }] {
            if let Some(service) = self.table.find_mut(&key) {
                service.finishing.add(1.0, at);
            }
        }
    }

    /// Known to answer as an open port.
    pub(crate) fn answers(&self, key: ServiceKey) -> bool {
        self.table.lookup(&key).is_some_and(|service| service.answers)
    }

    /// So many strangers fail at this host that they make a flood of one of its services.
    pub(crate) fn is_flooded(&self, target: IpAddr, at: Time) -> bool {
        [Transport::Tcp, Transport::Udp].into_iter().any(|transport| {
            let host = ServiceKey { target, transport, port: None };
            self.table.lookup(&host).is_some_and(|service| service.failing.now(at) >= SERVICE_FLOOD)
        })
    }

    /// `count` strangers failed at it, each for the first time. Gives the key of the flood this
    /// belongs to, the service's or the host's, and the strangers of the last seconds.
    pub(crate) fn note_strangers(
        &mut self,
        key: ServiceKey,
        count: u32,
        at: Time,
    ) -> Option<(ServiceKey, u32)> {
        let host = ServiceKey { port: None, ..key };
        // Many may ping one gateway.
        let bar = if key.transport == Transport::Icmp { HOST_FLOOD } else { SERVICE_FLOOD };
        let of_service = self.note(key, count, at, bar);
        let of_host = self.note(host, count, at, HOST_FLOOD);
        of_service.or(of_host)
    }

    fn note(&mut self, key: ServiceKey, count: u32, at: Time, bar: f32) -> Option<(ServiceKey, u32)> {
        let service = self.table.entry(key, Service::default)?;
        service.failing.add(count as f32, at);
        let finishing = service.finishing.now(at);
        (service.failing.sum >= bar && finishing < service.failing.sum * FINISHING)
            .then_some((key, service.failing.sum.round() as u32))
    }
}

impl Rate {
    fn add(&mut self, count: f32, at: Time) {
        self.sum = self.now(at) + count;
        self.at = self.at.max(at);
    }

    fn now(&self, at: Time) -> f32 {
        let elapsed = at.since(self.at) as f64 / 1e6;
        match elapsed / SECONDS {
            // Beyond, nothing is left, and `exp` is slow.
            40.0.. => 0.0,
            constants if constants > 0.0 => self.sum * (-constants).exp() as f32,
            _ => self.sum,
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn key(port: u16) -> ServiceKey {
        ServiceKey { target: "10.0.0.5".parse().unwrap(), transport: Transport::Tcp, port: Some(port) }
    }

    #[test]
    fn strangers_failing_at_one_service_are_a_flood() {
        let mut services = Services::new(1 << 20, RandomState::new());
        let first = (0..2_000).find(|&n| services.note_strangers(key(80), 1, Time(n * 1_000)).is_some());
        assert!(first.is_some_and(|n| (256..300).contains(&n)), "{first:?}");
    }

    #[test]
    fn a_crowd_that_is_served_is_none() {
        let mut services = Services::new(1 << 20, RandomState::new());
        for n in 0..5_000 {
            assert_eq!(services.note_strangers(key(80), 1, Time(n * 1_000)), None);
            services.note_finished(key(80), Time(n * 1_000));
        }
    }

    #[test]
    fn a_trickle_over_days_is_none() {
        let mut services = Services::new(1 << 20, RandomState::new());
        for n in 0..10_000 {
            assert_eq!(services.note_strangers(key(23), 1, Time::from_seconds(n)), None);
        }
    }

    #[test]
    fn spread_over_ports_it_is_a_flood_of_the_host() {
        let mut services = Services::new(1 << 20, RandomState::new());
        let mut found = None;
        for n in 0..5_000_u16 {
            found = found.or(services.note_strangers(key(n), 1, Time(i64::from(n) * 100)));
        }
        assert_eq!(found.map(|(key, _)| key), Some(ServiceKey { port: None, ..key(0) }));
    }
}
