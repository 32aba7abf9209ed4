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
use crate::fingerprint::Made;
use crate::networks::bits;
use crate::resets::Origin;
use crate::scales::{Evidence, SCALES, Standing};
use crate::seen::Seen;
use crate::technique::Technique;
use serde::{Deserialize, Serialize};
use std::collections::VecDeque;
use std::net::IpAddr;
use vedette_event::Time;

/// Contacts remembered of one source; the oldest goes first. What they added to the tests stays.
const CONTACTS: usize = 96;
/// Lines tested at once for one source; the least suspicious goes first.
const LINES: usize = 32;
/// Failures at as many hosts and ports with which the test of many ports on many hosts begins, although single
/// lines still have room.
const GRID: usize = 12;
const GRID_SIDE: usize = 3;
/// The bar of the spread test above the others': its evidence is coarser.
const SPREAD_EXTRA: f64 = 5.0;
/// A failure at a host and a port both new counts this part in the spread test.
const SCATTERED: f32 = 0.15;

/// A first contact and what came of it.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(crate) struct Contact {
    /// Seeded hash of what makes it distinct.
    pub(crate) key: u64,
    pub(crate) target: IpAddr,
    pub(crate) port: u16,
    /// Of the first packet; 0 where there is none.
    pub(crate) source_port: u16,
    pub(crate) technique: Technique,
    pub(crate) answer: Answer,
    /// Row of the fingerprint it fitted.
    pub(crate) tool: Option<u8>,
    pub(crate) made: Made,
    /// A packet of nmap's operating system detection.
    pub(crate) os_probe: bool,
    pub(crate) weight: Weight,
    pub(crate) first: Time,
    pub(crate) last: Time,
    /// Packets or connections, the first and repetitions.
    pub(crate) attempts: u32,
    /// Counted in the campaign of its source.
    pub(crate) taken: bool,
    /// Who saw it: see [`crate::observers`].
    pub(crate) observer: u16,
    /// Of the reset that ended it half-open.
    pub(crate) origin: Origin,
}

/// A row or column of the matrix.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
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

/// What weighs besides contacts: something about those that are known already.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) enum Aside {
    /// Another packet of nmap's operating system detection.
    OsProbe,
    /// Words that scanners say to services, or a way of calling that is theirs.
    Words,
    /// A row of silent services or answered pings was not repeated.
    NotAgain,
}

/// One piece of such evidence.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(crate) struct Note {
    pub(crate) what: Aside,
    pub(crate) line: LineKey,
    pub(crate) target: IpAddr,
    pub(crate) port: u16,
    pub(crate) weight: f32,
    pub(crate) at: Time,
}

/// Of one source.
const NOTES: usize = 24;

/// A line whose evidence suffices.
pub(crate) type Decided = Option<(LineKey, Standing)>;

#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
struct Line {
    key: LineKey,
    evidence: Evidence,
}

/// The test of many ports on many hosts.
#[derive(Debug, Serialize, Deserialize)]
struct Spread {
    hosts: Marks,
    ports: Marks,
    evidence: Evidence,
    /// It began with a few hosts: see [`Source::is_grid`].
    grid: bool,
}

#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Source {
    pub(crate) contacts: VecDeque<Contact>,
    lines: Vec<Line>,
    /// The most suspicious line and its score.
    most: (u8, f32),
    /// Contacts that are not in `contacts` any more.
    seen: Option<Box<Seen>>,
    spread: Option<Box<Spread>>,
    /// What weighed besides contacts, at most [`NOTES`].
    #[expect(clippy::box_collection, reason = "a million sources have none: 8 bytes instead of 24")]
    notes: Option<Box<Vec<Note>>>,
    /// The scan campaign it belongs to.
    pub(crate) campaign: Option<u32>,
    /// Some contact was a conversation.
    pub(crate) talks: bool,
    /// Packets of traceroutes seen, up to [`u8::MAX`].
    pub(crate) traces: u8,
    /// Hop limit of the latest of them.
    pub(crate) trace_ttl: u8,
    /// Packets of nmap's operating system detection seen, one bit each.
    pub(crate) os_probes: u16,
    /// Rows of [`crate::payload::PAYLOADS`] it has said, one bit each.
    pub(crate) payloads: u32,
}

impl Source {
    pub(crate) fn find(&self, key: u64) -> Option<usize> {
        self.contacts.iter().position(|contact| contact.key == key)
    }

    /// The contact was made before, although it is not remembered by itself.
    pub(crate) fn has_seen(&self, key: u64) -> bool {
        self.seen.as_ref().is_some_and(|seen| seen.contains(key))
    }

    /// It has talked with a host, known by `key`. Only who meets many forgets single contacts.
    pub(crate) fn note_acquaintance(&mut self, key: u64) {
        const MANY: usize = 16;
        if self.contacts.len() >= MANY {
            self.seen.get_or_insert_default().insert(key);
        }
    }

    /// A datagram from this port of its own was refused by `target`.
    pub(crate) fn is_refused(&self, target: IpAddr, from: u16) -> bool {
        self.contacts.iter().any(|contact| {
            contact.source_port == from
                && contact.target == target
                && contact.technique == Technique::Udp
                && contact.answer == Answer::Refused
        })
    }

    /// Datagram services of a host below `limit` that it has asked.
    pub(crate) fn datagram_services(&self, target: IpAddr, limit: u16) -> usize {
        let asked = |contact: &&Contact| {
            contact.technique == Technique::Udp && contact.target == target && contact.port < limit
        };
        self.contacts.iter().filter(asked).count()
    }

    /// Adds a first contact to what is remembered and to its lines. Gives the line that it decided.
    pub(crate) fn add(&mut self, contact: Contact, at: Time, scales: usize, margin: f64) -> Decided {
        self.begin_lines(margin);
        let mut decided = None;
        if !self.contacts.is_empty() {
            decided = self.add_to_lines(&contact, contact.weight, at, scales, margin);
        }
        if self.contacts.len() >= CONTACTS
            && let Some(oldest) = self.contacts.pop_front()
        {
            self.seen.get_or_insert_default().insert(oldest.key);
        }
        if self.contacts.is_empty() {
            self.contacts.reserve_exact(1);
            self.most = (0, contact.weight.host.max(contact.weight.port));
        }
        self.talks |= contact.answer == Answer::Talked;
        self.contacts.push_back(contact);
        decided
    }

    /// Another observer tells of the attempt that is known: a firewall and the host behind it, both ends.
    pub(crate) fn is_told_again(&self, position: usize, observer: u16, at: Time) -> bool {
        // Logs tell whole seconds, and clocks differ.
        const SAME: i64 = 5_000_000;
        self.contacts
            .get(position)
            .is_some_and(|contact| contact.observer != observer && at.since(contact.last).abs() <= SAME)
    }

    /// A service that failed is tried again, long after, and fails again; or one that was opened without a word is
    /// opened again. So do those who need it (monitoring, clients that wait), and scanners seldom return to
    /// what they know. Half of what it weighed is taken back, once.
    pub(crate) fn forgive(&mut self, position: usize, answer: Answer, at: Time) {
        const LONG_AFTER: i64 = 10_000_000;
        let Some(contact) = self.contacts.get(position) else { return };
        let fails = contact.answer.is_failure() && answer.is_failure();
        let opens = contact.answer.is_quiet() && (answer == Answer::Pending || answer.is_quiet());
        let first = contact.attempts == 1 && !contact.taken && contact.technique == Technique::Syn;
        if (fails || opens) && first && at.since(contact.last) >= LONG_AFTER {
            let half = |weight: f32| if weight > 0.0 { weight / 2.0 } else { weight };
            let half = Weight { host: half(contact.weight.host), port: half(contact.weight.port) };
            // Less evidence decides nothing.
            self.revise(position, contact.answer, half, at, f64::INFINITY);
        }
    }

    /// Counts a repetition. What is used stays: it moves behind contacts that came later.
    pub(crate) fn repeat(&mut self, position: usize, attempts: u32, at: Time) {
        let Some(contact) = self.contacts.get_mut(position) else { return };
        // Nobody asks again what was refused but who needs it.
        if contact.attempts == 1
            && contact.answer == Answer::Refused
            && let Some(spread) = self.spread.as_mut().filter(|spread| spread.grid)
        {
            spread.evidence.add(-contact.weight.host.max(0.0), contact.last, SCALES);
        }
        contact.attempts = contact.attempts.saturating_add(attempts);
        contact.last = contact.last.max(at);
        if self.contacts.len() > CONTACTS / 2
            && position < CONTACTS / 4
            && let Some(contact) = self.contacts.remove(position)
        {
            self.contacts.push_back(contact);
        }
    }

    /// Replaces the answer of a remembered contact, and what it weighed, by what became of it.
    pub(crate) fn revise(
        &mut self,
        position: usize,
        answer: Answer,
        weight: Weight,
        at: Time,
        margin: f64,
    ) -> Decided {
        let contact = self.contacts.get_mut(position)?;
        let change =
            Weight { host: weight.host - contact.weight.host, port: weight.port - contact.weight.port };
        (contact.answer, contact.weight) = (answer, weight);
        let contact = *contact;
        self.talks |= answer == Answer::Talked;
        if self.contacts.len() == 1 && self.lines.is_empty() {
            return None;
        }
        self.add_to_lines(&contact, change, at, crate::evidence::scales(contact.technique), margin)
    }

    /// A single contact has no lines yet: they begin with whatever comes second.
    fn begin_lines(&mut self, margin: f64) {
        if self.lines.is_empty()
            && let [first] = *self.contacts.make_contiguous()
        {
            let scales = crate::evidence::scales(first.technique);
            self.add_to_lines(&first, first.weight, first.first, scales, margin);
        }
    }

    /// Adds to one line alone, for evidence that is not a contact.
    pub(crate) fn add_note(&mut self, note: Note, margin: f64) -> Decided {
        self.begin_lines(margin);
        let notes = self.notes.get_or_insert_default();
        if note.weight != 0.0 && notes.len() < NOTES {
            notes.push(note);
        }
        self.add_to_line(note.line, note.weight, note.at, SCALES, margin)
    }

    /// What weighed besides the contacts of a line.
    pub(crate) fn notes_on(&self, line: Option<LineKey>) -> impl Iterator<Item = Note> {
        let all = self.notes.iter().flat_map(|notes| notes.iter().copied());
        all.filter(move |note| line.is_none_or(|line| line == note.line))
    }

    fn add_to_lines(
        &mut self,
        contact: &Contact,
        weight: Weight,
        at: Time,
        scales: usize,
        margin: f64,
    ) -> Decided {
        let host = self.add_to_line(LineKey::Host(contact.target), weight.host, at, scales, margin);
        let port = LineKey::Port(contact.technique, contact.port);
        let port = self.add_to_line(port, weight.port, at, scales, margin);
        if self.spread.is_none() && self.lines.len() >= 2 * GRID_SIDE && self.is_grid() {
            self.begin_spread();
        }
        let spread = match (&mut self.spread, Spread::weight(contact, weight)) {
            (Some(spread), Some(weight)) => {
                spread.add(contact, weight, at);
                let standing = spread.evidence.standing(margin + SPREAD_EXTRA);
                (standing.is_decided() && !spread.grid).then_some((LineKey::Spread, standing))
            }
            _ => None,
        };
        let above = |decided: &(LineKey, Standing)| decided.1.score - decided.1.bar;
        [host, port, spread].into_iter().flatten().max_by(|a, b| above(a).total_cmp(&above(b)))
    }

    fn add_to_line(&mut self, key: LineKey, weight: f32, at: Time, scales: usize, margin: f64) -> Decided {
        if weight == 0.0 {
            return None;
        }
        let position = match self.lines.iter().position(|line| line.key == key) {
            Some(position) => position,
            None => self.begin_line(key, weight, at)?,
        };
        let line = &mut self.lines[position];
        line.evidence.add(weight, at, scales);
        let suspicion = line.evidence.suspicion();
        let standing = line.evidence.standing(margin);
        if suspicion >= self.most.1 {
            self.most = (position as u8, suspicion);
        } else if usize::from(self.most.0) == position {
            self.find_most();
        }
        standing.is_decided().then_some((key, standing))
    }

    /// Its failures lie on several hosts and several ports.
    fn is_grid(&self) -> bool {
        let failed = |contact: &&Contact| contact.answer.is_failure() && contact.technique.has_ports();
        let mut failures = self.contacts.iter().filter(failed);
        if failures.clone().take(GRID).count() < GRID {
            return false;
        }
        let (mut hosts, mut ports) = (Vec::with_capacity(GRID_SIDE), Vec::with_capacity(GRID_SIDE));
        failures.any(|contact| {
            if hosts.len() < GRID_SIDE && !hosts.contains(&contact.target) {
                hosts.push(contact.target);
            }
            if ports.len() < GRID_SIDE && !ports.contains(&contact.port) {
                ports.push(contact.port);
            }
            hosts.len() == GRID_SIDE && ports.len() == GRID_SIDE
        })
    }

    /// Enough is against it over a few hosts and ports, unless it tries them again: then they are what it needs, a
    /// cluster that starts for one. See [`crate::lull`].
    pub(crate) fn grid_standing(&self, margin: f64) -> Option<Standing> {
        let spread = self.spread.as_ref().filter(|spread| spread.grid)?;
        Some(spread.evidence.standing(margin + SPREAD_EXTRA)).filter(|standing| standing.is_decided())
    }

    /// Tests many ports on many hosts from now on, with what is remembered.
    fn begin_spread(&mut self) {
        let Some(first) = self.contacts.front() else { return };
        let mut spread = Spread::starting(first.first);
        spread.grid = true;
        for contact in &self.contacts {
            if let Some(weight) = Spread::weight(contact, contact.weight) {
                spread.add(contact, weight, contact.last);
            }
        }
        self.spread = Some(Box::new(spread));
    }

    /// A place for a new line; good conduct on a new line is not worth another's place.
    fn begin_line(&mut self, key: LineKey, weight: f32, at: Time) -> Option<usize> {
        let line = Line { key, evidence: Evidence::starting(at) };
        if self.lines.len() < LINES {
            if self.lines.is_empty() {
                self.lines.reserve_exact(3);
            }
            self.lines.push(line);
            return Some(self.lines.len() - 1);
        }
        if weight < 0.0 {
            return None;
        }
        self.spread.get_or_insert_with(|| Box::new(Spread::starting(at))).grid = false;
        // The first of equals is the oldest: positions never move.
        let measure = |line: &Line| line.evidence.suspicion().abs();
        let (least, _) =
            self.lines.iter().enumerate().min_by(|(_, a), (_, b)| measure(a).total_cmp(&measure(b)))?;
        self.lines[least] = line;
        if usize::from(self.most.0) == least {
            self.find_most();
        }
        Some(least)
    }

    fn find_most(&mut self) {
        let scores = self.lines.iter().map(|line| line.evidence.suspicion()).enumerate();
        let most = scores.max_by(|(_, a), (_, b)| a.total_cmp(b));
        self.most = most.map_or((0, 0.0), |(position, score)| (position as u8, score));
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

    /// The line closest to its bar, and how it stands.
    pub(crate) fn closest(&self, margin: f64) -> Decided {
        let lines = self.lines.iter().map(|line| (line.key, line.evidence.standing(margin)));
        let spread =
            self.spread.iter().map(|s| (LineKey::Spread, s.evidence.standing(margin + SPREAD_EXTRA)));
        let above = |standing: &Standing| standing.score - standing.bar;
        lines.chain(spread).max_by(|(_, a), (_, b)| above(a).total_cmp(&above(b)))
    }

    /// How suspicious it is, by its most suspicious line.
    pub(crate) fn suspicion(&self) -> f32 {
        self.most.1
    }

    /// Contacts that `wanted` accepts and that were not taken before.
    pub(crate) fn take(&mut self, wanted: impl Fn(&Contact) -> bool) -> Vec<Contact> {
        let new = self.contacts.iter_mut().filter(|contact| !contact.taken && wanted(contact));
        new.map(|contact| {
            contact.taken = true;
            *contact
        })
        .collect()
    }

    /// Forgets the tests: the next verdict needs new evidence.
    pub(crate) fn begin_anew(&mut self) {
        self.contacts.clear();
        self.lines.clear();
        (self.seen, self.notes) = (None, None);
        (self.spread, self.campaign, self.os_probes, self.payloads) = (None, None, 0, 0);
        self.most = (0, 0.0);
    }

    /// It holds, or held, a conversation with `target` besides the contact of `except`: data both
    /// ways, or a connection that has been open since before `since`.
    pub(crate) fn converses_with(&self, target: IpAddr, except: u64, since: Time) -> bool {
        self.contacts.iter().any(|contact| {
            let open = contact.answer == Answer::Pending && contact.first < since;
            contact.target == target && contact.key != except && (contact.answer == Answer::Talked || open)
        })
    }

    /// It has opened a connection to `target` within the minute before `at`, and was let in.
    pub(crate) fn has_called(&self, target: IpAddr, at: Time) -> bool {
        const MINUTE: i64 = 60_000_000;
        self.contacts.iter().rev().any(|contact| {
            contact.target == target
                && contact.technique == Technique::Syn
                && (contact.answer.is_open() || contact.answer.is_unknown())
                && (0..=MINUTE).contains(&at.since(contact.last))
        })
    }

    /// It has been answered by a service of `target`.
    pub(crate) fn has_reached(&self, target: IpAddr) -> bool {
        self.contacts.iter().rev().any(|contact| {
            contact.target == target && contact.technique.has_ports() && contact.answer.is_open()
        })
    }

    /// Some contact with `target` was a conversation.
    pub(crate) fn talks_with(&self, target: IpAddr) -> bool {
        self.contacts.iter().rev().any(|contact| contact.target == target && contact.answer == Answer::Talked)
    }

    /// It works with this service, as far as was seen: has talked with it, or was let in.
    pub(crate) fn uses(&self, target: IpAddr, technique: Technique, port: u16) -> bool {
        self.contacts.iter().rev().any(|contact| {
            contact.target == target
                && (contact.technique, contact.port) == (technique, port)
                && (contact.answer.is_open() || contact.answer.is_unknown())
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

    /// It tried two other ports of this host from this port of its own. One other is what a host
    /// with two peers behind it, or an address that is asked for its own port, looks like.
    pub(crate) fn keeps_port(&self, target: IpAddr, except: u64, technique: Technique, from: u16) -> bool {
        let alike = self.contacts.iter().rev().filter(|contact| {
            contact.source_port == from
                && contact.target == target
                && contact.key != except
                && contact.technique == technique
        });
        alike.take(2).count() == 2
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
            + self
                .notes
                .as_ref()
                .map_or(0, |notes| size_of::<Vec<Note>>() + notes.capacity() * size_of::<Note>())
            + self.seen.as_ref().map_or(0, |seen| size_of::<Seen>() + seen.heap_bytes())
    }
}

impl Spread {
    fn starting(at: Time) -> Spread {
        let (hosts, ports) = (Marks::default(), Marks::default());
        Spread { hosts, ports, evidence: Evidence::starting(at), grid: false }
    }

    /// What of a contact's weight counts here.
    fn weight(contact: &Contact, weight: Weight) -> Option<f32> {
        // Of unknown fate are all the visits of a client whose firewall logs them.
        let counts = contact.technique.has_ports() && !contact.answer.is_unknown();
        // Silence says something beside other services of the host only.
        counts.then_some(if contact.answer.is_finished() { weight.port } else { weight.host })
    }

    fn add(&mut self, contact: &Contact, weight: f32, at: Time) {
        let mut weight = weight;
        if weight > 0.0 {
            let host = self.hosts.mark(bits(contact.target));
            let port = self.ports.mark(u128::from(contact.port));
            // All services of a host that is off fail together: of a few hosts that is one failure each.
            let off = self.grid && host && contact.answer != Answer::Refused;
            let known = (host || port) && !off;
            weight *= if known { 1.0 } else { SCATTERED };
        }
        self.evidence.add(weight, at, SCALES);
    }
}

/// Values met lately, as a map of bits.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(into = "Vec<u64>", try_from = "Vec<u64>")]
struct Marks {
    words: [u64; Marks::BITS / 64],
    set: usize,
}

impl Default for Marks {
    fn default() -> Marks {
        Marks { words: [0; Marks::BITS / 64], set: 0 }
    }
}

impl From<Marks> for Vec<u64> {
    fn from(marks: Marks) -> Vec<u64> {
        marks.words.to_vec()
    }
}

impl TryFrom<Vec<u64>> for Marks {
    type Error = &'static str;

    fn try_from(words: Vec<u64>) -> Result<Marks, &'static str> {
        let words: [u64; Marks::BITS / 64] = words.try_into().map_err(|_| "a map of another size")?;
        Ok(Marks { words, set: words.iter().map(|word| word.count_ones() as usize).sum() })
    }
}

impl Marks {
    const BITS: usize = 8_192;

    /// Marks a value; says whether it was marked. The mixing is fixed: it decides what is told, so
    /// it must not differ between runs.
    fn mark(&mut self, value: u128) -> bool {
        // Fuller, too many strangers would seem known.
        if self.set > Marks::BITS / 8 {
            *self = Marks::default();
        }
        let mixed =
            ((value as u64) ^ ((value >> 64) as u64).rotate_left(29)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let bit = (mixed >> 51) as usize;
        let (word, mask) = (bit / 64, 1_u64 << (bit % 64));
        let known = self.words[word] & mask != 0;
        self.words[word] |= mask;
        self.set += usize::from(!known);
        known
    }
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
            source_port: 0,
            technique: Technique::Syn,
            answer: Answer::Refused,
            tool: None,
            made: Made::ByStack,
            os_probe: false,
            weight: Weight { host: weight, port: weight },
            first: Time(1),
            last: Time(1),
            attempts: 1,
            taken: false,
            observer: 0,
            origin: Origin::Untold,
        }
    }

    fn add(source: &mut Source, contact: Contact) -> Decided {
        source.add(contact, Time(1), SCALES, 9.0)
    }

    #[test]
    fn a_row_and_a_column_add_up_separately() {
        let mut source = Source::default();
        for port in 1..=4 {
            add(&mut source, contact("10.0.0.5", port, 1.0));
        }
        for host in 6..=8 {
            add(&mut source, contact(&format!("10.0.0.{host}"), 80, 1.0));
        }
        assert_eq!((source.suspicion(), source.lines_above(3.5).len()), (4.0, 1));
        assert_eq!(source.lines_above(3.5)[0], LineKey::Host("10.0.0.5".parse().unwrap()));
    }

    #[test]
    fn scattered_failures_do_not_add_up() {
        let mut source = Source::default();
        for n in 0..250_u16 {
            let weight = if n % 3 == 0 { -1.39 } else { 1.1 };
            let contact = contact(&format!("10.{}.{}.7", n % 7, n), 2_000 + n * 13, weight);
            assert_eq!(add(&mut source, contact), None);
        }
    }

    #[test]
    fn many_ports_of_many_hosts_in_random_order_do() {
        let mut source = Source::default();
        let mut state = 1_u64;
        let decided = (0..2_000).find(|_| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            let (host, port) = ((state >> 33) % 254, (state >> 45) % 1_000);
            add(&mut source, contact(&format!("10.0.0.{host}"), port as u16, 1.39)).is_some()
        });
        assert!(decided.is_some_and(|n| n < 150), "{decided:?}");
    }

    #[test]
    fn what_became_of_a_contact_replaces_what_it_weighed() {
        let mut source = Source::default();
        add(&mut source, contact("10.0.0.5", 1, 1.0));
        add(&mut source, contact("10.0.0.5", 2, 0.0));
        source.revise(1, Answer::HalfOpen, Weight { host: 2.0, port: 2.0 }, Time(1), 9.0);
        assert_eq!(source.suspicion(), 3.0);
        source.revise(1, Answer::Talked, Weight { host: -1.39, port: -1.39 }, Time(1), 9.0);
        assert!((source.suspicion() - 1.0).abs() < 1e-5, "the other port's own line stands at 1");
        assert!(source.talks);
    }

    #[test]
    fn memory_of_one_source_is_bounded() {
        let mut source = Source::default();
        for n in 0..100_000_u32 {
            let [_, a, b, c] = n.to_be_bytes();
            add(&mut source, contact(&format!("10.{a}.{b}.{c}"), n as u16, 1.0));
        }
        assert!(source.heap_bytes() < 90_000, "{}", source.heap_bytes());
    }
}
