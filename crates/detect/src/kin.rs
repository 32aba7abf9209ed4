//! One sender under many addresses: a new one for every probe.
//!
//! An IPv6 host owns a whole /64 and may take a new address of it for each packet; who scans for a living sends
//! from a whole /24. Each address then makes one contact, and nothing is against it alone. What they have in
//! common is the network, and on the same wire the card too. So the first contacts of strangers of one network
//! with one host are tested together. Hosts behind a router inside are left out: they are many, and each may fail
//! at an old service by itself.
//!
//! Belongs here: whose first contacts belong together. Does not belong here: sources that make several contacts
//! each (see [`crate::crowd`]), sweeps of many hosts.

use crate::attempt::{Case, crowd_of};
use crate::campaign::Verdict;
use crate::crowd::Relation;
use crate::detector::Detector;
use crate::networks::{Crossing, bits};
use crate::resets::distance;
use crate::scales::{Evidence, SCALES, Standing};
use crate::source::LineKey;
use crate::table::Recent;
use ahash::RandomState;
use serde::{Deserialize, Serialize};
use std::net::IpAddr;
use vedette_event::{Detection, Event, Time};

/// Networks watched at once, each at one host.
const GROUPS: usize = 512;
/// Addresses kept of a network, and services that it has tried.
const MEMBERS: usize = 128;
const SERVICES: usize = 64;
/// Addresses that are several.
const LEAST: usize = 4;
/// The bar above a single source's: many more could fail.
const EXTRA: f64 = 5.0;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(crate) struct KinKey {
    /// The first 64 bits of an IPv6 address, 24 of an IPv4 one.
    network: u128,
    /// Of senders on the same wire.
    card: Option<[u8; 6]>,
    target: IpAddr,
}

#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Group {
    members: Vec<IpAddr>,
    /// Seeded hashes of contacts.
    services: Vec<u64>,
    evidence: Evidence,
    decided: bool,
}

/// By network and host.
pub(crate) struct Kin {
    table: Recent<KinKey, Group>,
}

impl Kin {
    pub(crate) fn new(hasher: RandomState) -> Kin {
        Kin { table: Recent::new(GROUPS, hasher) }
    }

    /// All of them, the least recently used first.
    pub(crate) fn saved(&self) -> Vec<(KinKey, &Group)> {
        self.table.oldest_first()
    }

    pub(crate) fn restore(saved: Vec<(KinKey, Group)>, hasher: RandomState) -> Kin {
        let mut kin = Kin::new(hasher);
        for (key, group) in saved {
            if group.members.len() <= MEMBERS && group.services.len() <= SERVICES {
                kin.table.entry(key, || group);
            }
        }
        kin
    }
}

impl Group {
    /// A stranger's first contact. True when a service was tried that none of them had tried, or one answered.
    fn note(&mut self, source: IpAddr, service: u64, weight: f32, at: Time) -> bool {
        let new = !self.services.contains(&service);
        if new && self.services.len() < SERVICES {
            self.services.push(service);
        }
        if !self.members.contains(&source) && self.members.len() < MEMBERS {
            self.members.push(source);
        }
        let counts = new || weight < 0.0;
        if counts {
            self.evidence.add(weight, at, SCALES);
        }
        counts
    }
}

impl Detector {
    /// A source's first contact of all: with those of its network before it, is it enough?
    pub(crate) fn note_kin(&mut self, case: &Case<'_>, weight: f32, out: &mut Vec<Detection>) {
        let event = case.event;
        let alone = |detector: &Detector| {
            let Some(source) = detector.sources.get(case.slot) else { return false };
            let mut tried = source.contacts.iter().filter(|contact| contact.technique.has_ports());
            source.campaign.is_none() && tried.next().is_some() && tried.next().is_none()
        };
        if weight == 0.0 || !case.technique.has_ports() || !alone(self) {
            return;
        }
        let Some(key) = self.kin_of(event) else { return };
        // Good conduct alone is worth no place.
        let known = self.kin.table.lookup(&key).is_some();
        if !known && weight < 0.0 {
            return;
        }
        let service = self.hasher.hash_one((case.technique, case.port));
        let bar = self.margin + EXTRA;
        let Some(group) = self.kin.table.entry(key, Group::default) else { return };
        if !group.note(event.source, service, weight, event.decided) {
            return;
        }
        let standing = group.evidence.standing(bar);
        let enough = standing.is_decided() && group.members.len() >= LEAST;
        let members = match (group.decided, enough) {
            (true, _) => group.members.first().copied().into_iter().chain([event.source]).collect(),
            (false, true) => group.members.clone(),
            (false, false) => return,
        };
        group.decided = true;
        self.convict_kin(case, members, standing, out);
    }

    fn convict_kin(
        &mut self,
        case: &Case<'_>,
        members: Vec<IpAddr>,
        standing: Standing,
        out: &mut Vec<Detection>,
    ) {
        let line = Some(LineKey::Host(case.event.target));
        let verdict = Verdict::new(line, standing);
        let crowd = crowd_of(case.event, case.technique);
        self.convict(case.event, verdict, Some(crowd), Relation::Kin(members), out);
    }

    /// On the same wire a card is one host. From the Internet a network is one party; inside it is not.
    fn kin_of(&self, event: &Event) -> Option<KinKey> {
        let beside = event.first.ttl != 0 && distance(event.first.ttl) == 0;
        let card = event.source_mac.filter(|_| beside);
        let from_outside = self.config.networks.crossing(event.source, event.target) == Crossing::In;
        if card.is_none() && !from_outside {
            return None;
        }
        let length = if event.source.is_ipv6() { 64 } else { 24 };
        let rest = if event.source.is_ipv6() { 128 - length } else { 32 - length };
        Some(KinKey { network: bits(event.source) >> rest, card, target: event.target })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::config::Config;
    use crate::testing::syn;
    use vedette_event::{DetectionKind, Outcome};

    /// One refused connection each, to ports in a row, by sources of `name`.
    fn told(count: u16, name: impl Fn(u16) -> String, change: impl Fn(&mut Event)) -> Vec<Detection> {
        let (mut detector, mut out) = (Detector::new(Config::default()), Vec::new());
        for n in 0..count {
            let mut event = syn(&name(n), "2001:db8:1::5", 1_000 + n);
            event.outcome = Outcome::Refused;
            (event.first.ttl, event.source_mac) = (64, Some([2, 0, 0, 0, 0, 9]));
            event.time = Time(i64::from(n) * 300_000);
            event.decided = event.time;
            change(&mut event);
            detector.observe(&event, &mut out);
        }
        detector.finish(&mut out);
        out.retain(|one| one.kind == DetectionKind::Scan && one.change == vedette_event::Change::Closed);
        out
    }

    #[test]
    fn a_new_address_for_every_port_is_one_scan() {
        let one = told(40, |n| format!("2001:db8:1::{:x}", n + 256), |_| {});
        assert_eq!(one.len(), 1);
        assert_eq!((one[0].source_ips.len(), one[0].distinct_ports), (40, 40));
        assert_eq!(one[0].shape, vedette_event::Shape::Distributed);
    }

    #[test]
    fn other_networks_other_cards_and_hosts_behind_a_router_are_not_one() {
        assert_eq!(told(40, |n| format!("2001:db8:{:x}::1", n + 256), |_| {}).len(), 0, "networks");
        let cards = |event: &mut Event| event.source_mac = Some([2, 0, 0, 0, 1, event.target_port as u8]);
        assert_eq!(told(40, |n| format!("2001:db8:1::{:x}", n + 256), cards).len(), 0, "cards");
        let inside = |n| format!("fd00::{:x}", n + 256);
        let routed = |event: &mut Event| {
            event.first.ttl = 63;
            event.target = "fd00:1::5".parse().unwrap();
        };
        assert_eq!(told(40, inside, routed).len(), 0, "routed");
    }

    #[test]
    fn many_clients_of_one_service_are_no_scan_and_success_counts_for_them() {
        let name = |n| format!("2001:db8:1::{:x}", n + 256);
        assert_eq!(told(200, name, |event| event.target_port = 8_080 + event.target_port % 3).len(), 0);
        let talks = |event: &mut Event| {
            if !event.target_port.is_multiple_of(3) {
                (event.outcome, event.handshake_completed) = (Outcome::Accepted, true);
                (event.sent.bytes, event.received.bytes) = (10, 10);
            }
        };
        assert_eq!(told(60, name, talks).len(), 0);
    }
}
