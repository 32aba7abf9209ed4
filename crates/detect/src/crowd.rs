//! Several sources at one target that look alike: decoys, or a scan whose work is shared.
//!
//! Decoys probe the same ports in step with the real source. A raw tool even repeats sequence number and
//! source port, which two stacks never do. Sources that share the work probe ports that none of the others has.
//! Everybody else is on their own.
//!
//! Belongs here: who probes what beside whom. Does not belong here: floods, whose sources have one
//! contact each at the same service.

use crate::networks::Host;
use crate::scales::{Evidence, SCALES};
use crate::sets::PortSet;
use crate::table::Recent;
use crate::technique::Technique;
use ahash::RandomState;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::hash::{Hash, Hasher};
use std::net::IpAddr;
use vedette_event::Time;

/// Crowds watched at once.
const CROWDS: usize = 1_024;
/// Members of a crowd; nmap takes at most 128 decoys.
const MEMBERS: usize = 128;
/// Ports of a crowd whose times are kept: enough to see who goes in step.
const PORTS: usize = 1_024;
/// Two probes of one port belong together within this time: decoys are sent one after the other,
/// and a capture may hold them back a little.
const IN_STEP: i64 = 100_000;
/// Probes in step, and their part of a member's probes, that make it a decoy.
const STEPS: u32 = 3;
const MOSTLY: f32 = 0.7;
/// The pooled test's bar above the single source's: it has many more chances to fail. Two sources are no crowd:
/// two clients of the same make, each with old bookmarks of its own, need more still.
const POOL_EXTRA: f64 = 5.0;
const PAIR_EXTRA: f64 = 2.0;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct CrowdKey {
    pub(crate) target: IpAddr,
    pub(crate) technique: Technique,
    /// [`crate::fingerprint::stack`].
    pub(crate) stack: u64,
    /// Packets that no general-purpose stack made.
    pub(crate) by_hand: bool,
}

impl Hash for CrowdKey {
    fn hash<H: Hasher>(&self, state: &mut H) {
        Host(self.target).hash(state);
        state.write_u64(self.stack);
        state.write_u16(u16::from(self.technique as u8) << 1 | u16::from(self.by_hand));
    }
}

/// A first contact, as a crowd sees it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Step {
    pub(crate) source: IpAddr,
    pub(crate) port: u16,
    /// Time of the packet, not of its outcome: decoys' outcomes differ.
    pub(crate) sent: Time,
    pub(crate) decided: Time,
    /// [`crate::fingerprint::twin`].
    pub(crate) twin: u64,
    pub(crate) weight: f32,
}

#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
struct Member {
    source: IpAddr,
    contacts: u32,
    /// Contacts with ports that no other member had probed.
    fresh: u32,
    /// Contacts in step with another member's.
    steps: u32,
    /// It has sent the very packet that another member sent.
    twin: bool,
    /// Members that went in step, directly or through others, have the same number: decoys of one scan. Those of
    /// another scan, of the same host with the same tool, have another.
    party: u16,
    /// When it sent its first and its latest probe.
    first: Time,
    last: Time,
}

#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
struct Seen {
    sent: Time,
    twin: u64,
    member: usize,
    stepped: bool,
}

#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Crowd {
    members: Vec<Member>,
    ports: BTreeMap<u16, Seen>,
    all_ports: PortSet,
    pooled: Evidence,
    campaign: Option<u32>,
}

/// How a source relates to the others of its crowd.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Relation {
    Alone,
    /// In step with these, itself included.
    Decoys(Vec<IpAddr>),
    /// Sharing the work with these, itself included.
    Distributed(Vec<IpAddr>),
    /// One sender under these addresses (see [`crate::kin`]).
    Kin(Vec<IpAddr>),
}

pub(crate) struct Crowds {
    table: Recent<CrowdKey, Crowd>,
}

impl Crowds {
    pub(crate) fn new(hasher: RandomState) -> Crowds {
        Crowds { table: Recent::new(CROWDS, hasher) }
    }

    /// Notes a first contact.
    pub(crate) fn note(&mut self, key: CrowdKey, step: Step) {
        if let Some(crowd) = self.table.entry(key, Crowd::default) {
            crowd.note(step);
        }
    }

    /// All of them, the least recently used first.
    pub(crate) fn saved(&self) -> Vec<(CrowdKey, &Crowd)> {
        self.table.oldest_first()
    }

    /// Puts crowds back; those that hang together wrongly are left out.
    pub(crate) fn restore(saved: Vec<(CrowdKey, Crowd)>, hasher: RandomState) -> Crowds {
        let mut crowds = Crowds::new(hasher);
        for (key, crowd) in saved {
            if crowd.is_whole() {
                crowds.table.entry(key, || crowd);
            }
        }
        crowds
    }

    /// A contact noted before turned out to weigh this much more or less.
    pub(crate) fn revise(&mut self, key: &CrowdKey, change: f32, at: Time) {
        if let Some(crowd) = self.table.find_mut(key) {
            crowd.pooled.add(change, at, SCALES);
        }
    }

    /// The campaign that a member of the crowd has opened.
    pub(crate) fn campaign(&self, key: &CrowdKey) -> Option<u32> {
        self.table.lookup(key).and_then(|crowd| crowd.campaign)
    }

    pub(crate) fn set_campaign(&mut self, key: CrowdKey, campaign: Option<u32>) {
        if let Some(crowd) = self.table.entry(key, Crowd::default) {
            crowd.campaign = campaign;
        }
    }

    /// Starts a crowd over: its campaign is closed.
    pub(crate) fn forget(&mut self, key: &CrowdKey) {
        if let Some(crowd) = self.table.find_mut(key) {
            *crowd = Crowd::default();
        }
    }

    pub(crate) fn relation(&self, key: &CrowdKey, source: IpAddr) -> Relation {
        self.table.lookup(key).map_or(Relation::Alone, |crowd| crowd.relation(source))
    }

    /// The members of a crowd who work as `source` does, and whose pooled evidence suffices although no
    /// member's own does, with its score and its bar.
    pub(crate) fn decided(
        &self,
        key: &CrowdKey,
        source: IpAddr,
        margin: f64,
    ) -> Option<(Vec<IpAddr>, f64, f64)> {
        let crowd = self.table.lookup(key)?;
        let own = crowd.members.iter().find(|member| member.source == source)?;
        let those = |member: &&Member| member.shares() && member.is_as_fast_as(own);
        let sharing: Vec<IpAddr> = crowd.members.iter().filter(those).map(|member| member.source).collect();
        let pair = if sharing.len() == 2 { PAIR_EXTRA } else { 0.0 };
        let standing = crowd.pooled.standing(margin + POOL_EXTRA + pair);
        // A flood with invented sources is one contact a source.
        let contacts: u32 = crowd.members.iter().map(|member| member.contacts).sum();
        // Of two the pace must be known.
        let several = sharing.len() >= 3 || (sharing.len() == 2 && own.gap().is_some());
        let enough = several && contacts as usize >= 2 * crowd.members.len();
        (standing.is_decided() && enough).then_some((sharing, standing.score, standing.bar))
    }
}

impl Member {
    fn shares(&self) -> bool {
        // Of decoys one is always the first to try a port.
        self.fresh >= 2 && self.fresh as f32 >= self.contacts as f32 * MOSTLY && !self.in_step()
    }

    fn in_step(&self) -> bool {
        self.twin || (self.steps >= STEPS && self.steps as f32 >= self.contacts as f32 * MOSTLY)
    }
}

impl Member {
    /// Those who share the work of one scan work at one pace. A quick scan beside a slow one by the same tool is
    /// somebody else's.
    fn is_as_fast_as(&self, other: &Member) -> bool {
        const QUICK: i64 = 10_000;
        const ALIKE: i64 = 30;
        let (ours, theirs) = match (self.gap(), other.gap()) {
            (Some(ours), Some(theirs)) => (ours.max(QUICK), theirs.max(QUICK)),
            _ => return true,
        };
        ours <= theirs.saturating_mul(ALIKE) && theirs <= ours.saturating_mul(ALIKE)
    }

    /// Mean time between its probes; of two probes it says nothing.
    fn gap(&self) -> Option<i64> {
        (self.contacts > 2).then(|| self.last.since(self.first) / i64::from(self.contacts - 1))
    }
}

impl Crowd {
    fn is_whole(&self) -> bool {
        let known = |seen: &Seen| seen.member < self.members.len();
        self.members.len() <= MEMBERS && self.ports.len() <= PORTS && self.ports.values().all(known)
    }

    fn note(&mut self, step: Step) {
        let Some(member) = self.member(step.source, step.sent) else { return };
        let room = self.ports.len() < PORTS;
        match self.ports.get_mut(&step.port) {
            // Repeated by the same source.
            Some(seen) if seen.member == member => return,
            Some(seen) => {
                let near = step.sent.since(seen.sent).abs() <= IN_STEP;
                let twin = step.twin != 0 && seen.twin == step.twin;
                if near || twin {
                    let other = seen.member;
                    let first = !std::mem::replace(&mut seen.stepped, true);
                    self.go_in_step(member, other, twin, first);
                } else if step.sent > seen.sent {
                    // The next scan of the port: whoever goes in step with it does so now.
                    *seen = Seen { sent: step.sent, twin: step.twin, member, stepped: false };
                }
            }
            None if room => {
                self.ports
                    .insert(step.port, Seen { sent: step.sent, twin: step.twin, member, stepped: false });
            }
            None => {}
        }
        self.members[member].contacts += 1;
        self.members[member].last = self.members[member].last.max(step.sent);
        let fresh = self.all_ports.insert(step.port);
        self.members[member].fresh += u32::from(fresh);
        if fresh || step.weight < 0.0 {
            self.pooled.add(step.weight, step.decided, SCALES);
        }
    }

    /// A member has probed what `other` has just probed; `first` when nobody else had yet.
    fn go_in_step(&mut self, member: usize, other: usize, twin: bool, first: bool) {
        self.members[member].steps += 1;
        self.members[member].twin |= twin;
        self.members[other].twin |= twin;
        self.members[other].steps += u32::from(first);
        let (ours, theirs) = (self.members[member].party, self.members[other].party);
        if ours != theirs {
            self.members.iter_mut().filter(|one| one.party == ours).for_each(|one| one.party = theirs);
        }
    }

    fn member(&mut self, source: IpAddr, at: Time) -> Option<usize> {
        if let Some(position) = self.members.iter().rposition(|member| member.source == source) {
            return Some(position);
        }
        if self.members.len() >= MEMBERS {
            return None;
        }
        let party = self.members.len() as u16;
        let (first, last) = (at, at);
        self.members.push(Member {
            source,
            contacts: 0,
            fresh: 0,
            steps: 0,
            twin: false,
            party,
            first,
            last,
        });
        Some(self.members.len() - 1)
    }

    fn relation(&self, source: IpAddr) -> Relation {
        let Some(own) = self.members.iter().find(|member| member.source == source) else {
            return Relation::Alone;
        };
        let those = |test: &dyn Fn(&Member) -> bool| -> Vec<IpAddr> {
            self.members.iter().filter(|member| test(member)).map(|member| member.source).collect()
        };
        if own.in_step() {
            Relation::Decoys(those(&|member| member.in_step() && member.party == own.party))
        } else if own.shares() && self.members.len() > 1 {
            Relation::Distributed(those(&|member| member.shares() && member.is_as_fast_as(own)))
        } else {
            Relation::Alone
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn key() -> CrowdKey {
        CrowdKey { target: "10.0.0.5".parse().unwrap(), technique: Technique::Syn, stack: 7, by_hand: false }
    }

    fn ip(n: u32) -> IpAddr {
        format!("10.1.0.{n}").parse().unwrap()
    }

    fn step(source: u32, port: u16, at: i64) -> Step {
        Step { source: ip(source), port, sent: Time(at), decided: Time(at), twin: 0, weight: 2.0 }
    }

    #[test]
    fn the_same_ports_in_step_are_decoys() {
        let mut crowds = Crowds::new(RandomState::new());
        for port in 0..5 {
            for source in 1..=4 {
                crowds.note(key(), step(source, port, i64::from(port) * 1_000_000 + i64::from(source)));
            }
        }
        assert_eq!(crowds.relation(&key(), ip(2)), Relation::Decoys((1..=4).map(ip).collect()));
    }

    #[test]
    fn the_same_ports_at_other_times_are_strangers() {
        let mut crowds = Crowds::new(RandomState::new());
        for source in 1..=2 {
            for port in 0..50 {
                crowds.note(key(), step(source, port, i64::from(source) * 60_000_000 + i64::from(port)));
            }
        }
        assert_eq!(crowds.relation(&key(), ip(2)), Relation::Alone);
    }

    #[test]
    fn other_ports_each_are_shared_work() {
        let mut crowds = Crowds::new(RandomState::new());
        for source in 1..=4_u32 {
            for n in 0..3 {
                crowds.note(key(), step(source, (source * 10 + n) as u16, i64::from(source) * 1_000_000));
            }
        }
        assert!(matches!(crowds.relation(&key(), ip(4)), Relation::Distributed(all) if all.len() == 4));
        let (members, score, bar) = crowds.decided(&key(), ip(4), 9.0).unwrap();
        assert_eq!(members.len(), 4);
        assert!(score >= bar);
    }

    #[test]
    fn one_contact_each_is_no_shared_work() {
        let mut crowds = Crowds::new(RandomState::new());
        for source in 0..100 {
            crowds.note(key(), step(source, 1_000 + source as u16, 0));
        }
        assert_eq!(crowds.decided(&key(), ip(4), 9.0), None);
    }

    #[test]
    fn a_crowd_stays_small() {
        let mut crowds = Crowds::new(RandomState::new());
        for n in 0..100_000_u32 {
            let source = IpAddr::V4(std::net::Ipv4Addr::from_bits(n));
            crowds.note(key(), Step { source, ..step(0, n as u16, 0) });
        }
        let crowd = crowds.table.lookup(&key()).unwrap();
        assert!(crowd.members.len() <= MEMBERS && crowd.ports.len() <= PORTS);
    }
}
