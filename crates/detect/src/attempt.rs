//! What an attempt, or the end of an accepted one, says about its source, and whether that is
//! enough.
//!
//! Belongs here: from an event to evidence, from evidence to a campaign. Does not belong here:
//! the weights (see [`crate::evidence`]), floods and backscatter (see [`crate::noise`]).

use crate::campaign::{Arrangement, Campaign, Probe, Verdict};
use crate::campaigns::Serial;
use crate::crowd::{CrowdKey, Relation, Step};
use crate::detector::{Detector, identifier};
use crate::evidence::{self, Answer, Context};
use crate::fingerprint;
use crate::networks::is_one_host;
use crate::payload;
use crate::scales::{self, Standing};
use crate::services::ServiceKey;
use crate::source::{Contact, LineKey, Source};
use crate::table::Slot;
use crate::technique::Technique;
use std::net::IpAddr;
use vedette_event::{Change, Detection, DetectionKind, Event, EventKind, Time, Transport};

/// A packet of nmap's operating system detection, the first of its kind from a source: no stack
/// sends these combinations of window and options. Six of them are enough by themselves.
const OS_PROBE: f32 = 1.6;
/// Contacts of one host within this time are made at the same moment.
const PARALLEL: i64 = 20_000;
/// A connection that has been open this long is a conversation.
const CONVERSES: i64 = 100_000;
/// A source shares in a scan by several only when there is something against itself: this part
/// of the margin, or one failure's worth when its packets are made by hand.
const OWN_PART: f64 = 0.5;
/// A known scanner's further lines need this part of the margin.
const KNOWN_PART: f64 = 0.5;
const OWN_LEAST: f32 = 1.0;

impl Detector {
    /// A connection attempt with its outcome.
    pub(crate) fn attempt(&mut self, event: &Event, out: &mut Vec<Detection>) {
        let Some(technique) = Technique::of(event) else { return };
        if !is_one_host(event.source) || !is_one_host(event.target) {
            return;
        }
        if technique == Technique::Arp {
            self.links.note(event);
            // An announcement of one's own address.
            if event.source == event.target {
                return;
            }
        }
        if self.is_answer(event, technique) || self.is_traceroute(event, out) {
            return;
        }
        let answer = Answer::of(event, technique);
        if event.count > 1 {
            self.aggregated(event, answer, out);
            return;
        }
        if answer.is_open() && technique.has_ports() {
            self.services.note_answer(service_of(event));
        }
        let slot = match self.sources.find(event.source) {
            Some(slot) => slot,
            None if self.is_flood(event, answer, out) => return,
            None => self.sources.admit(event.source),
        };
        match self.sources.get(slot).and_then(|source| source.campaign) {
            Some(serial) if self.covers(serial, event, technique) => {
                self.follow(slot, serial, event, technique, answer, out);
            }
            _ => self.weigh(slot, event, technique, answer, out),
        }
    }

    /// Attempts of a flood that the sensor only counted; its source is that of one of them. Where
    /// that is a known scanner they are taken for its own, and marked as counted only.
    fn aggregated(&mut self, event: &Event, answer: Answer, out: &mut Vec<Detection>) {
        let campaign = self.sources.lookup(event.source).and_then(|source| source.campaign);
        let counted = campaign.and_then(|serial| {
            self.campaigns.change(serial, |campaign| {
                let target = campaign.targets.contains(event.target);
                if target {
                    campaign.note_counted(event);
                }
                target
            })
        });
        if counted != Some(true) {
            self.is_flood(event, answer, out);
        }
    }

    /// An answer rather than a probe: its target had asked this very port before, or the port is
    /// known to serve. Only for packets that are as common from the answering side.
    fn is_answer(&self, event: &Event, technique: Technique) -> bool {
        let asked = match technique {
            Technique::Udp => Technique::Udp,
            Technique::Ack | Technique::Maimon => Technique::Syn,
            _ => return false,
        };
        let service =
            ServiceKey { target: event.source, transport: event.transport, port: Some(event.source_port) };
        let known = |source: &Source| source.has_asked(event.source, asked, event.source_port);
        self.sources.lookup(event.target).is_some_and(known) || self.services.answers(service)
    }

    /// An attempt of a source that is in no campaign.
    fn weigh(
        &mut self,
        slot: Slot,
        event: &Event,
        technique: Technique,
        answer: Answer,
        out: &mut Vec<Detection>,
    ) {
        let key = self.key(event, technique);
        let position = self.sources.get(slot).and_then(|source| source.find(key));
        if let Some(position) = position {
            let attempts = 1 + u32::from(event.retries);
            self.sources.change(slot, |source| source.repeat(position, attempts, event.time));
            self.note_hammering(slot, key, event, out);
            self.note_os_probe(slot, event);
            self.judge(slot, event, None, out);
            return;
        }
        let tool = fingerprint::of(event);
        let crafted = fingerprint::is_crafted(event);
        let context = self.context(event, technique, answer, tool.is_some(), crafted);
        let weight = evidence::weigh(technique, answer, event.first.options != 0, context);
        let contact = Contact {
            key,
            target: event.target,
            port: port_of(event, technique),
            technique,
            answer,
            tool: tool.map(|row| row as u8),
            crafted,
            os_probe: fingerprint::os_probe(event).is_some(),
            weight,
            first: event.time,
            last: event.time,
            attempts: 1 + u32::from(event.retries),
        };
        self.sources.change(slot, |source| source.add(contact, event.decided, evidence::scales(technique)));
        self.note_os_probe(slot, event);
        let crowd = self.note_step(event, technique, weight.host);
        self.judge(slot, event, crowd, out);
    }

    /// The end of a flow: what an accepted contact was for.
    pub(crate) fn flow_end(&mut self, event: &Event, out: &mut Vec<Detection>) {
        let Some(technique) = Technique::of(event) else { return };
        let answer = Answer::of(event, technique);
        if event.handshake_completed {
            self.services.note_finished(service_of(event), event.decided);
        }
        let Some(slot) = self.sources.find(event.source) else { return };
        let Some(source) = self.sources.get(slot) else { return };
        let said = payload::of(event);
        if let Some(serial) = source.campaign
            && self.covers(serial, event, technique)
        {
            self.campaigns.change(serial, |campaign| {
                let member = campaign.join(event.source);
                campaign.payloads |= said.map_or(0, |row| 1 << row);
                campaign.note_end(member, event, answer);
            });
            return;
        }
        let Some(position) = source.find(self.key(event, technique)) else { return };
        if let Some(row) = said {
            self.note_payload(slot, row, event);
            self.judge(slot, event, None, out);
        }
        let Some(source) = self.sources.get(slot) else { return };
        let (contact, alone) = (source.contacts[position], source.contacts.len() == 1);
        let open = matches!(contact.answer, Answer::Pending | Answer::Answered | Answer::NeverFinished);
        if !open && (answer != Answer::Talked || contact.answer == Answer::Talked) {
            return;
        }
        let context = self.context(event, technique, answer, contact.tool.is_some(), contact.crafted);
        let weight = evidence::weigh(technique, answer, event.first.options != 0, context);
        self.sources.change(slot, |source| source.revise(position, answer, weight, event.decided));
        let crowd = crowd_of(event, technique);
        self.crowds.revise(&crowd, weight.host - contact.weight.host, event.decided);
        if alone && answer == Answer::NeverFinished {
            self.is_flood(event, answer, out);
        }
        self.judge(slot, event, Some(crowd), out);
    }

    /// A probe of a source whose campaign is open, or was closed a moment ago.
    fn follow(
        &mut self,
        slot: Slot,
        serial: Serial,
        event: &Event,
        technique: Technique,
        answer: Answer,
        out: &mut Vec<Detection>,
    ) {
        let Some(source) = self.sources.get(slot) else { return };
        // What it had been talking to before is its daily life.
        if source.talks {
            let known = source.find(self.key(event, technique)).and_then(|at| source.contacts.get(at));
            if known.is_some_and(|contact| contact.answer == Answer::Talked) {
                return;
            }
        }
        let tool = fingerprint::of(event);
        let crafted = fingerprint::is_crafted(event);
        let context = self.context(event, technique, answer, tool.is_some(), crafted);
        let weight = evidence::weigh(technique, answer, event.first.options != 0, context);
        let weight_most = weight.host.max(weight.port);
        let closed = self.campaigns.get(serial).is_some_and(|campaign| campaign.closed.is_some());
        if closed && weight_most <= 0.0 {
            return;
        }
        let os_probe = fingerprint::os_probe(event);
        let probe = Probe { technique, answer, tool, os_probe, crafted, weight: weight_most };
        let forger = self.links.forger(event);
        self.campaigns.change(serial, |campaign| {
            let member = campaign.join(event.source);
            campaign.note_probe(member, event, &probe);
            campaign.forged_by = campaign.forged_by.or(forger);
            campaign.reopen();
        });
        if closed {
            self.tell(serial, Change::Updated, out);
        }
        self.note_step(event, technique, weight.host);
    }

    /// The campaign is still there, and the contact lies on a line of it. What a scanner does
    /// elsewhere is judged by itself: it may be its daily life.
    fn covers(&self, serial: Serial, event: &Event, technique: Technique) -> bool {
        let port = port_of(event, technique);
        self.campaigns.get(serial).is_some_and(|campaign| campaign.covers(event.target, technique, port))
    }

    /// The event in the crowd of its target, where it belongs to one.
    fn note_step(&mut self, event: &Event, technique: Technique, weight: f32) -> Option<CrowdKey> {
        if !technique.has_ports() {
            return None;
        }
        let key = crowd_of(event, technique);
        self.crowds.note(
            key,
            Step {
                source: event.source,
                port: event.target_port,
                sent: event.time,
                decided: event.decided,
                twin: fingerprint::twin(event),
                weight,
            },
        );
        Some(key)
    }

    fn note_os_probe(&mut self, slot: Slot, event: &Event) {
        let Some(kind) = fingerprint::os_probe(event) else { return };
        self.sources.change(slot, |source| {
            let bit = 1_u16 << kind as u16;
            if source.os_probes & bit == 0 {
                source.os_probes |= bit;
                source.add_to_host(event.target, OS_PROBE, event.decided);
            }
        });
    }

    /// What a scanner says to a service speaks against a source although data went both ways.
    fn note_payload(&mut self, slot: Slot, row: usize, event: &Event) {
        self.sources.change(slot, |source| {
            let bit = 1_u32 << row;
            if source.payloads & bit == 0 {
                source.payloads |= bit;
                source.add_to_host(event.target, payload::PAYLOADS[row].weight, event.decided);
            }
        });
    }

    fn context(
        &self,
        event: &Event,
        technique: Technique,
        answer: Answer,
        tool: bool,
        crafted: bool,
    ) -> Context {
        let key = self.key(event, technique);
        let port = port_of(event, technique);
        let source = self.sources.lookup(event.source);
        let quiet = matches!(answer, Answer::Silent | Answer::Aborted | Answer::Greeted);
        let began = match event.kind {
            EventKind::FlowEnd => event.time.plus(-event.duration),
            EventKind::Attempt => event.time,
        };
        let before = began.plus(-CONVERSES);
        let talks = |source: &Source, with: IpAddr| source.converses_with(with, key, before);
        Context {
            crossing: self.config.networks.crossing(event.source, event.target),
            tool,
            crafted,
            empty: technique == Technique::Udp && event.first.payload_len == 0,
            in_conversation: quiet
                && (source.is_some_and(|source| talks(source, event.target))
                    || self.sources.lookup(event.target).is_some_and(|target| talks(target, event.source))),
            parallel: answer == Answer::Aborted
                && source.is_some_and(|source| source.has_parallel(event.target, key, began, PARALLEL)),
            neighbour: source.is_some_and(|source| source.has_neighbour(event.target, technique, port)),
            known_host: technique == Technique::Arp && self.links.knows(event.target),
        }
    }

    fn key(&self, event: &Event, technique: Technique) -> u64 {
        self.hasher.hash_one((event.target, port_of(event, technique), technique))
    }

    /// Is it enough? Of the source by itself, or of its crowd together.
    fn judge(&mut self, slot: Slot, event: &Event, crowd: Option<CrowdKey>, out: &mut Vec<Detection>) {
        let Some(source) = self.sources.get(slot) else { return };
        if let Some(serial) = source.campaign
            && self.campaigns.get(serial).is_some()
        {
            self.widen(slot, serial, event, out);
            return;
        }
        let foremost = source.foremost(self.margin).filter(|(_, standing)| standing.is_decided());
        match (foremost, crowd) {
            (Some((line, standing)), crowd) => {
                let here = line == LineKey::Host(event.target);
                let crowd =
                    crowd.or_else(|| Technique::of(event).map(|technique| crowd_of(event, technique)));
                let crowd = crowd.filter(|_| here);
                let relation = crowd.map_or(Relation::Alone, |key| self.crowds.relation(&key, event.source));
                let verdict = Verdict { line: Some(line), standing, contacts: Vec::new() };
                self.convict(event, verdict, crowd, relation, out);
            }
            (None, Some(key)) => {
                let Some((members, score, bar)) = self.crowds.decided(&key, self.margin) else { return };
                let members = self.partners(&key, members);
                if members.len() < 3 || !members.contains(&event.source) {
                    return;
                }
                let standing = Standing { scale: 1, score, bar };
                let verdict = Verdict { line: None, standing, contacts: Vec::new() };
                self.convict(event, verdict, Some(key), Relation::Distributed(members), out);
            }
            (None, None) => {}
        }
    }

    /// A known scanner's contacts elsewhere: a line with less evidence than a stranger's would
    /// need belongs to its campaign.
    fn widen(&mut self, slot: Slot, serial: Serial, event: &Event, out: &mut Vec<Detection>) {
        let bar = (self.margin * KNOWN_PART) as f32;
        let Some(source) = self.sources.get(slot) else { return };
        let lines = source.lines_above(bar);
        let contacts: Vec<Contact> = source.contacts.clone();
        let mut resumed = false;
        for line in lines {
            let known = self.campaigns.get(serial).is_none_or(|campaign| campaign.has_line(line));
            if known {
                continue;
            }
            self.campaigns.change(serial, |campaign| {
                campaign.extend_to(line);
                resumed |= campaign.closed.is_some();
                campaign.reopen();
                let member = campaign.join(event.source);
                for contact in contacts
                    .iter()
                    .filter(|contact| line.holds(contact.target, contact.technique, contact.port))
                {
                    if belongs(contact, None, event.decided, scales::reach(1)) {
                        campaign.take_over(member, contact);
                    }
                }
            });
        }
        if resumed {
            self.tell(serial, Change::Updated, out);
        }
    }

    /// Those of a crowd against whom there is something by itself.
    fn partners(&self, key: &CrowdKey, members: Vec<IpAddr>) -> Vec<IpAddr> {
        let by_hand = key.stack & 0x000f_ffff_0000_0000 != 0 || key.technique.is_illegal();
        let least = if by_hand { OWN_LEAST } else { (self.margin * OWN_PART) as f32 };
        members
            .into_iter()
            .filter(|&member| self.sources.lookup(member).is_some_and(|source| source.suspicion() >= least))
            .collect()
    }

    /// Opens a campaign, or enters its sources into the one that they belong to.
    fn convict(
        &mut self,
        event: &Event,
        verdict: Verdict,
        crowd: Option<CrowdKey>,
        relation: Relation,
        out: &mut Vec<Detection>,
    ) {
        let (arrangement, members) = match relation {
            Relation::Alone => (Arrangement::Single, vec![event.source]),
            Relation::Decoys(members) => (Arrangement::Decoy, members),
            Relation::Distributed(members) => {
                let members = match crowd {
                    Some(key) => self.partners(&key, members),
                    None => members,
                };
                (Arrangement::Distributed, members)
            }
        };
        let reach = scales::reach(verdict.standing.scale);
        let target = crowd.map(|key| key.target).filter(|_| arrangement != Arrangement::Single);
        let running = crowd
            .filter(|_| arrangement != Arrangement::Single)
            .and_then(|key| self.crowds.campaign(&key))
            .filter(|&serial| self.campaigns.get(serial).is_some_and(|campaign| campaign.closed.is_none()));
        let serial = match running {
            Some(serial) => serial,
            None => {
                let id = identifier(DetectionKind::Scan, event.source, event.target_port, event.decided);
                let mut campaign = Campaign::new(id, DetectionKind::Scan, verdict, event.decided);
                campaign.crowd = crowd;
                campaign.forged_by = self.links.forger(event);
                campaign.note_circumstances(None, event);
                self.open(campaign, None, out)
            }
        };
        let forger = self.links.forger(event).or_else(|| self.common_sender(&members, event, arrangement));
        self.enter(serial, &members, event.source, target, event.decided, reach);
        self.campaigns.change(serial, |campaign| {
            if arrangement != Arrangement::Single && campaign.members.len() > 1 {
                campaign.arrangement = arrangement;
                if campaign.forged_by.is_none() {
                    campaign.forged_by = forger;
                }
            }
        });
        if let Some(key) = crowd {
            self.crowds.set_campaign(key, Some(serial));
        }
        if running.is_none() {
            self.tell(serial, Change::Opened, out);
        }
    }

    /// The one of several decoys whose own network card sent the packets of them all.
    fn common_sender(&self, members: &[IpAddr], event: &Event, arrangement: Arrangement) -> Option<IpAddr> {
        let owner = event.source_mac.and_then(|card| self.links.owner(card))?;
        (arrangement == Arrangement::Decoy && members.contains(&owner)).then_some(owner)
    }

    /// Enters sources, with what is remembered of them, into a campaign.
    fn enter(
        &mut self,
        serial: Serial,
        members: &[IpAddr],
        deciding: IpAddr,
        target: Option<IpAddr>,
        now: Time,
        reach: i64,
    ) {
        let deciding = std::iter::once(deciding).filter(|source| !members.contains(source));
        for address in members.iter().copied().chain(deciding) {
            let Some(slot) = self.sources.find(address) else { continue };
            let taken = self.sources.change(slot, |source| {
                let live = |other: Serial| self.campaigns.get(other).is_some();
                if source.campaign.is_some_and(live) {
                    return None;
                }
                source.campaign = Some(serial);
                Some((source.contacts.clone(), source.os_probes, source.payloads))
            });
            let Some(Some((contacts, os_probes, payloads))) = taken else { continue };
            self.campaigns.change(serial, |campaign| {
                let member = campaign.join(address);
                campaign.os_probes |= os_probes;
                campaign.payloads |= payloads;
                let line = campaign.verdict.line.unwrap_or(LineKey::Spread);
                let those = contacts
                    .iter()
                    .filter(|contact| line.holds(contact.target, contact.technique, contact.port));
                for contact in those.filter(|contact| belongs(contact, target, now, reach)) {
                    campaign.take_over(member, contact);
                }
            });
        }
    }
}

/// Whether a remembered contact is part of what a source is convicted of: not its conversations,
/// not what is long past, not connections that have stayed open.
fn belongs(contact: &Contact, target: Option<IpAddr>, now: Time, reach: i64) -> bool {
    const STAYS_OPEN: i64 = 30_000_000;
    let here = target.is_none_or(|target| contact.target == target);
    let recent = now.since(contact.last) <= reach;
    let kind = match contact.answer {
        Answer::Talked => contact.weight.host > 0.0,
        Answer::Unasked => false,
        Answer::Pending => now.since(contact.first) < STAYS_OPEN,
        _ => true,
    };
    here && recent && kind
}

/// The port of a contact: a protocol number or an ICMP type where there are no ports.
fn port_of(event: &Event, technique: Technique) -> u16 {
    match (event.transport, technique) {
        (Transport::Ip(number), _) => number.into(),
        (_, Technique::IcmpQuery) => event.icmp.map_or(0, |icmp| icmp.kind.into()),
        _ if technique.has_ports() => event.target_port,
        _ => 0,
    }
}

pub(crate) fn service_of(event: &Event) -> ServiceKey {
    ServiceKey { target: event.target, transport: event.transport, port: Some(event.target_port) }
}

fn crowd_of(event: &Event, technique: Technique) -> CrowdKey {
    CrowdKey { target: event.target, technique, stack: fingerprint::stack(event) }
}
