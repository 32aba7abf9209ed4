//! What is remembered of one source: its first contacts, and the tests they add to.
//!
//! A scan is a line in the matrix of hosts and ports: many services of one host, or one service
//! on many hosts. Each line that a source has begun gets a sequential test of its own, so that a
//! peer-to-peer client's scattered failures never add up, and a thousand pages read elsewhere do
//! not excuse closed ports here. Scans of many ports on many hosts in random order return to the
//! same hosts and ports again and again: [`Spread`] counts those returns.
//!
//! Belongs here: contacts and tests of one source. Does not belong here: what a contact weighs,
//! other sources, campaigns.

use crate::evidence::{Answer, Weight};
use crate::networks::bits;
use crate::scales::{Evidence, SCALES, Standing};
use crate::technique::Technique;
use std::net::IpAddr;
use vedette_event::Time;

/// Contacts remembered of one source; the oldest goes first. What they added to the tests stays.
const CONTACTS: usize = 96;
/// Lines tested at once for one source; the least suspicious goes first.
const LINES: usize = 32;
/// The bar of the spread test above the others': its evidence is coarser.
const SPREAD_EXTRA: f64 = 5.0;
/// A failure at a host and a port both new counts this part in the spread test.
const SCATTERED: f32 = 0.15;

/// A first contact and what came of it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Contact {
    /// Seeded hash of what makes it distinct.
    pub(crate) key: u64,
    pub(crate) target: IpAddr,
    pub(crate) port: u16,
    pub(crate) technique: Technique,
    pub(crate) answer: Answer,
    /// Row of the fingerprint it fitted.
    pub(crate) tool: Option<u8>,
    /// A SYN that no general-purpose stack made.
    pub(crate) crafted: bool,
    /// A packet of nmap's operating system detection.
    pub(crate) os_probe: bool,
    pub(crate) weight: Weight,
    pub(crate) first: Time,
    pub(crate) last: Time,
    /// Packets or connections, the first and repetitions.
    pub(crate) attempts: u32,
}

/// A row or column of the matrix.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum LineKey {
    Host(IpAddr),
    Port(Technique, u16),
    Spread,
}

impl LineKey {
    /// Whether a contact lies on the line. Pings and requests for hardware addresses are one
    /// matter: who pings a network asks for its addresses.
    pub(crate) fn holds(self, target: IpAddr, technique: Technique, port: u16) -> bool {
        match self {
            LineKey::Host(host) => host == target && !technique.is_sweep(),
            LineKey::Port(kind, _) if kind.is_sweep() => technique.is_sweep(),
            LineKey::Port(kind, number) => (kind, number) == (technique, port),
            LineKey::Spread => true,
        }
    }
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct Line {
    pub(crate) key: LineKey,
    evidence: Evidence,
}

/// The test of many ports on many hosts.
#[derive(Debug)]
struct Spread {
    hosts: [u64; 16],
    ports: [u64; 16],
    evidence: Evidence,
}

#[derive(Debug, Default)]
pub(crate) struct Source {
    pub(crate) contacts: Vec<Contact>,
    lines: Vec<Line>,
    spread: Option<Box<Spread>>,
    /// The scan campaign it belongs to.
    pub(crate) campaign: Option<u32>,
    /// Some contact was a conversation.
    pub(crate) talks: bool,
    /// Packets of nmap's operating system detection seen, one bit each.
    pub(crate) os_probes: u16,
    /// Rows of [`crate::payload::PAYLOADS`] it has said, one bit each.
    pub(crate) payloads: u32,
}

impl Source {
    pub(crate) fn find(&self, key: u64) -> Option<usize> {
        self.contacts.iter().position(|contact| contact.key == key)
    }

    /// Adds a first contact to what is remembered and to its lines.
    pub(crate) fn add(&mut self, contact: Contact, at: Time, scales: usize) {
        if self.contacts.len() == 1 && self.lines.is_empty() {
            let first = self.contacts[0];
            self.add_to_lines(&first, first.weight, first.first, crate::evidence::scales(first.technique));
        }
        if !self.contacts.is_empty() {
            self.add_to_lines(&contact, contact.weight, at, scales);
        }
        if self.contacts.len() >= CONTACTS {
            self.contacts.remove(0);
        }
        if self.contacts.is_empty() {
            self.contacts.reserve_exact(1);
        }
        self.talks |= contact.answer == Answer::Talked;
        self.contacts.push(contact);
    }

    /// Counts a repetition. What is used stays: it moves behind contacts that came later.
    pub(crate) fn repeat(&mut self, position: usize, attempts: u32, at: Time) {
        let Some(contact) = self.contacts.get_mut(position) else { return };
        contact.attempts = contact.attempts.saturating_add(attempts);
        contact.last = contact.last.max(at);
        if self.contacts.len() > CONTACTS / 2 && position < CONTACTS / 4 {
            let contact = self.contacts.remove(position);
            self.contacts.push(contact);
        }
    }

    /// Replaces the answer of a remembered contact, and what it weighed, by what became of it.
    pub(crate) fn revise(&mut self, position: usize, answer: Answer, weight: Weight, at: Time) {
        let Some(contact) = self.contacts.get_mut(position) else { return };
        let change =
            Weight { host: weight.host - contact.weight.host, port: weight.port - contact.weight.port };
        (contact.answer, contact.weight) = (answer, weight);
        let contact = *contact;
        self.talks |= answer == Answer::Talked;
        if self.contacts.len() > 1 {
            self.add_to_lines(&contact, change, at, crate::evidence::scales(contact.technique));
        }
    }

    /// Adds to the line of a host alone, for evidence that is not a contact.
    pub(crate) fn add_to_host(&mut self, target: IpAddr, weight: f32, at: Time) {
        self.add_to_line(LineKey::Host(target), weight, at, SCALES);
    }

    fn add_to_lines(&mut self, contact: &Contact, weight: Weight, at: Time, scales: usize) {
        if weight.host != 0.0 {
            self.add_to_line(LineKey::Host(contact.target), weight.host, at, scales);
        }
        if weight.port != 0.0 {
            self.add_to_line(LineKey::Port(contact.technique, contact.port), weight.port, at, scales);
        }
        if let Some(spread) = &mut self.spread
            && contact.technique.has_ports()
        {
            spread.add(contact, weight.host, at);
        }
    }

    fn add_to_line(&mut self, key: LineKey, weight: f32, at: Time, scales: usize) {
        if let Some(line) = self.lines.iter_mut().find(|line| line.key == key) {
            line.evidence.add(weight, at, scales);
            return;
        }
        let mut line = Line { key, evidence: Evidence::starting(at) };
        line.evidence.add(weight, at, scales);
        if self.lines.len() < LINES {
            if self.lines.is_empty() {
                self.lines.reserve_exact(3);
            }
            self.lines.push(line);
            return;
        }
        if self.spread.is_none() {
            self.spread = Some(Box::new(Spread::starting(at)));
        }
        // The first of equals is the oldest: positions never move.
        let least = self
            .lines
            .iter_mut()
            .min_by(|a, b| a.evidence.suspicion().abs().total_cmp(&b.evidence.suspicion().abs()));
        if let Some(least) = least {
            *least = line;
        }
    }

    /// The test that stands highest against its bar.
    pub(crate) fn foremost(&self, margin: f64) -> Option<(LineKey, Standing)> {
        let lines = self.lines.iter().map(|line| (line.key, line.evidence.standing(margin)));
        let spread = self
            .spread
            .iter()
            .map(|spread| (LineKey::Spread, spread.evidence.standing(margin + SPREAD_EXTRA)));
        lines.chain(spread).max_by(|(_, a), (_, b)| (a.score - a.bar).total_cmp(&(b.score - b.bar)))
    }

    /// Lines whose score is at least `bar` on some scale, the strongest first.
    pub(crate) fn lines_above(&self, bar: f32) -> Vec<LineKey> {
        let mut lines: Vec<(LineKey, f32)> = self
            .lines
            .iter()
            .map(|line| (line.key, line.evidence.suspicion()))
            .filter(|&(_, s)| s >= bar)
            .collect();
        lines.sort_by(|(_, a), (_, b)| b.total_cmp(a));
        lines.into_iter().map(|(key, _)| key).collect()
    }

    /// How suspicious it is, by its most suspicious line.
    pub(crate) fn suspicion(&self) -> f32 {
        let contact =
            self.contacts.first().map_or(0.0, |contact| contact.weight.host.max(contact.weight.port));
        self.lines.iter().fold(contact, |most, line| most.max(line.evidence.suspicion()))
    }

    /// Forgets the tests: the next verdict needs new evidence.
    pub(crate) fn begin_anew(&mut self) {
        self.contacts.clear();
        self.lines.clear();
        (self.spread, self.campaign, self.os_probes, self.payloads) = (None, None, 0, 0);
    }

    /// It holds, or held, a conversation with `target` besides the contact of `except`: data both
    /// ways, or a connection that has been open since before `since`.
    pub(crate) fn converses_with(&self, target: IpAddr, except: u64, since: Time) -> bool {
        self.contacts.iter().any(|contact| {
            let open = contact.answer == Answer::Pending && contact.first < since;
            contact.target == target && contact.key != except && (contact.answer == Answer::Talked || open)
        })
    }

    /// A contact with another port of the same host began within `within` microseconds.
    pub(crate) fn has_parallel(&self, target: IpAddr, except: u64, at: Time, within: i64) -> bool {
        self.contacts.iter().rev().any(|contact| {
            contact.target == target
                && contact.key != except
                && contact.technique.has_ports()
                && contact.first.since(at).abs() <= within
        })
    }

    /// It has made the same contact with the address before or after `target`.
    pub(crate) fn has_neighbour(&self, target: IpAddr, technique: Technique, port: u16) -> bool {
        let wanted = bits(target);
        self.contacts.iter().rev().any(|contact| {
            (contact.technique, contact.port) == (technique, port)
                && bits(contact.target).abs_diff(wanted) == 1
        })
    }

    /// It has asked something of this port.
    pub(crate) fn has_asked(&self, target: IpAddr, technique: Technique, port: u16) -> bool {
        self.contacts
            .iter()
            .any(|contact| contact.target == target && contact.port == port && contact.technique == technique)
    }

    /// Bytes it owns besides its entry in the table.
    pub(crate) fn heap_bytes(&self) -> usize {
        self.contacts.capacity() * size_of::<Contact>()
            + self.lines.capacity() * size_of::<Line>()
            + self.spread.as_ref().map_or(0, |_| size_of::<Spread>())
    }
}

impl Spread {
    fn starting(at: Time) -> Spread {
        Spread { hosts: [0; 16], ports: [0; 16], evidence: Evidence::starting(at) }
    }

    fn add(&mut self, contact: &Contact, weight: f32, at: Time) {
        let mut weight = weight;
        if weight > 0.0 {
            // Marks both, whichever was seen before.
            let known =
                mark(&mut self.hosts, bits(contact.target)) | mark(&mut self.ports, u128::from(contact.port));
            weight *= if known { 1.0 } else { SCATTERED };
        }
        self.evidence.add(weight, at, SCALES);
    }
}

/// Sets the bit of a value in a map of 1,024 bits; says whether it was set. The mixing is fixed:
/// it decides what is told, so it must not differ between runs.
fn mark(map: &mut [u64; 16], value: u128) -> bool {
    let mixed = ((value as u64) ^ ((value >> 64) as u64).rotate_left(29)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let bit = (mixed >> 54) as usize;
    let (word, mask) = (bit / 64, 1_u64 << (bit % 64));
    let known = map[word] & mask != 0;
    map[word] |= mask;
    known
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn contact(target: &str, port: u16, weight: f32) -> Contact {
        let target: IpAddr = target.parse().unwrap();
        Contact {
            key: (bits(target) as u64) << 16 | u64::from(port),
            target,
            port,
            technique: Technique::Syn,
            answer: Answer::Refused,
            tool: None,
            crafted: false,
            os_probe: false,
            weight: Weight { host: weight, port: weight },
            first: Time(1),
            last: Time(1),
            attempts: 1,
        }
    }

    fn score(source: &Source) -> (LineKey, f64) {
        source.foremost(9.0).map(|(key, standing)| (key, standing.score)).unwrap()
    }

    #[test]
    fn a_row_and_a_column_add_up_separately() {
        let mut source = Source::default();
        for port in 1..=4 {
            source.add(contact("10.0.0.5", port, 1.0), Time(1), SCALES);
        }
        for host in 6..=8 {
            source.add(contact(&format!("10.0.0.{host}"), 80, 1.0), Time(1), SCALES);
        }
        assert_eq!(score(&source), (LineKey::Host("10.0.0.5".parse().unwrap()), 4.0));
    }

    #[test]
    fn scattered_failures_do_not_add_up() {
        let mut source = Source::default();
        for n in 0..250_u16 {
            let weight = if n % 3 == 0 { -1.39 } else { 1.1 };
            source.add(contact(&format!("10.{}.{}.7", n % 7, n), 2_000 + n * 13, weight), Time(1), SCALES);
        }
        assert!(!source.foremost(9.0).unwrap().1.is_decided());
    }

    #[test]
    fn many_ports_of_many_hosts_in_random_order_do() {
        let mut source = Source::default();
        let mut state = 1_u64;
        let decided = (0..2_000).find(|_| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            let (host, port) = ((state >> 33) % 254, (state >> 45) % 1_000);
            source.add(contact(&format!("10.0.0.{host}"), port as u16, 1.39), Time(1), SCALES);
            source.foremost(9.0).is_some_and(|(_, standing)| standing.is_decided())
        });
        assert!(decided.is_some_and(|n| n < 150), "{decided:?}");
    }

    #[test]
    fn what_became_of_a_contact_replaces_what_it_weighed() {
        let mut source = Source::default();
        source.add(contact("10.0.0.5", 1, 1.0), Time(1), SCALES);
        source.add(contact("10.0.0.5", 2, 0.0), Time(1), SCALES);
        source.revise(1, Answer::HalfOpen, Weight { host: 2.0, port: 2.0 }, Time(1));
        assert_eq!(score(&source).1, 3.0);
        source.revise(1, Answer::Talked, Weight { host: -1.39, port: -1.39 }, Time(1));
        assert!((score(&source).1 - 1.0).abs() < 1e-5, "the port's own line stands at 1");
        assert!(source.talks);
    }

    #[test]
    fn memory_of_one_source_is_bounded() {
        let mut source = Source::default();
        for n in 0..100_000_u32 {
            let [_, a, b, c] = n.to_be_bytes();
            source.add(contact(&format!("10.{a}.{b}.{c}"), n as u16, 1.0), Time(1), SCALES);
        }
        assert!(source.heap_bytes() < 20_000, "{}", source.heap_bytes());
    }
}
