//! What an attempt, or the end of an accepted one, says about its source.
//!
//! Belongs here: from an event to evidence. Does not belong here: the weights
//! (see [`crate::evidence`]), the verdict (see [`crate::judge`]), floods and backscatter
//! (see [`crate::noise`]).

use crate::campaign::Probe;
use crate::campaigns::Serial;
use crate::crowd::{CrowdKey, Step};
use crate::detector::Detector;
use crate::evidence::{self, Answer, Context, Weight};
use crate::fingerprint::{self, FINGERPRINTS, Made, OsProbe};
use crate::lull;
use crate::merge;
use crate::networks::is_one_host;
use crate::payload::{self, LISTENED, RETURNED};
use crate::resets;
use crate::services::ServiceKey;
use crate::sight;
use crate::source::{Aside, Contact, Decided, LineKey, Note, Source};
use crate::table::Slot;
use crate::technique::Technique;
use std::net::IpAddr;
use vedette_event::{Change, Detection, Event, EventKind, Outcome, Time, Transport};

/// A packet of nmap's operating system detection, the first of its kind from a source: no stack
/// sends these combinations of window and options. Six of them are enough by themselves.
const OS_PROBE: f32 = 1.6;
/// Contacts of one host within this time are made at the same moment.
const PARALLEL: i64 = 20_000;
/// Below are ports of servers.
const FIRST_CLIENT_PORT: u16 = 1_024;
/// Datagram services that a client asks of one host: a Windows host that logs on asks six.
const DATAGRAM_SERVICES: usize = 6;
/// From here on stacks take the ports of clients (with margin: Linux 32768, Windows 49152).
const FIRST_EPHEMERAL: u16 = 16_384;
/// A connection that has been open this long is a conversation.
const CONVERSES: i64 = 100_000;

/// An event of a known source, and which contact it is about.
#[derive(Clone, Copy)]
pub(crate) struct Case<'a> {
    pub(crate) event: &'a Event,
    pub(crate) slot: Slot,
    pub(crate) technique: Technique,
    pub(crate) answer: Answer,
    /// Of the contact: see [`Contact::key`] and [`Contact::port`].
    pub(crate) key: u64,
    pub(crate) port: u16,
}

/// What an event's packet looks like, and what it weighs.
#[derive(Clone, Copy)]
struct Look {
    tool: Option<usize>,
    made: Made,
    os_probe: Option<OsProbe>,
    weight: Weight,
}

impl Detector {
    /// A request for a hardware address in nobody's name, as hosts send before they take an address: it is its
    /// card's, by its owner where that is known, or else by the link-local address that belongs to the card.
    fn nameless(&self, event: &Event) -> Option<Event> {
        let card = event.source_mac.filter(|_| event.source.is_unspecified())?;
        let [a, b, c, d, e, f] = card;
        let of_card = || {
            let [first, second] = [u16::from_be_bytes([a ^ 2, b]), u16::from_be_bytes([c, 0xff])];
            let [third, fourth] = [u16::from_be_bytes([0xfe, d]), u16::from_be_bytes([e, f])];
            IpAddr::from([0xfe80, 0, 0, 0, first, second, third, fourth])
        };
        Some(Event { source: self.links.owner(card).unwrap_or_else(of_card), ..event.clone() })
    }

    /// A connection attempt with its outcome.
    pub(crate) fn attempt(&mut self, event: &Event, out: &mut Vec<Detection>) {
        let Some(technique) = Technique::of(event) else { return };
        if technique == Technique::Arp
            && let Some(named) = self.nameless(event)
        {
            // It must not teach whose card it is.
            self.request(&named, out);
            return;
        }
        if !is_one_host(event.target) {
            return;
        }
        // Nobody can send from such an address: at most a part of a flood.
        if !is_one_host(event.source) {
            self.is_flood(event, Answer::of(event, technique), out);
            return;
        }
        if technique == Technique::Arp {
            self.links.note(event);
            // An announcement of one's own address, or the way to someone who must be answered.
            if event.source == event.target || self.is_asked_by(event) {
                return;
            }
        }
        if self.is_answer(event, technique) || self.is_traceroute(event, out) {
            return;
        }
        if technique == Technique::Udp && event.outcome != Outcome::Accepted && payload::is_answer(event) {
            self.reflected(event, out);
            return;
        }
        if technique == Technique::Syn {
            self.links.note_dial(event);
            if let Some(seen) = sight::tells(event) {
                let observer = self.observers.number(&event.observer);
                self.sights.note(observer, seen);
            }
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
        self.count_in(&self.case(event, slot, technique, answer), out);
    }

    fn request(&mut self, event: &Event, out: &mut Vec<Detection>) {
        if event.source == event.target || !is_one_host(event.target) {
            return;
        }
        let slot = self.sources.meet(event.source);
        let answer = Answer::of(event, Technique::Arp);
        self.count_in(&self.case(event, slot, Technique::Arp, answer), out);
    }

    fn count_in(&mut self, case: &Case<'_>, out: &mut Vec<Detection>) {
        match self.campaign_of(case) {
            Some(serial) => self.follow(serial, case, out),
            None => self.weigh(case, out),
        }
    }

    pub(crate) fn case<'a>(
        &self,
        event: &'a Event,
        slot: Slot,
        technique: Technique,
        answer: Answer,
    ) -> Case<'a> {
        let port = port_of(event, technique);
        let key = self.hasher.hash_one((event.target, port, technique));
        Case { event, slot, technique, answer, key, port }
    }

    /// The campaign of the source, when the contact lies on a line of it. What a scanner does
    /// elsewhere is judged by itself: it may be its daily life.
    fn campaign_of(&self, case: &Case<'_>) -> Option<Serial> {
        let serial = self.sources.get(case.slot)?.campaign?;
        let campaign = self.campaigns.get(serial)?;
        campaign.covers(case.event.target, case.technique, case.port).then_some(serial)
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

    /// The address asked for has just sent something to who asks, or who asks is flooded under
    /// invented addresses and answers them all.
    fn is_asked_by(&self, event: &Event) -> bool {
        let called = |source: &Source| source.contacts.iter().any(|contact| contact.target == event.source);
        self.sources.lookup(event.target).is_some_and(called)
            || self.services.is_flooded(event.source, event.decided)
    }

    /// An answer rather than a probe: its target had asked this very port before, or the port is
    /// known to serve. Only for packets that are as common from the answering side.
    fn is_answer(&self, event: &Event, technique: Technique) -> bool {
        let asked = match technique {
            Technique::Udp => Technique::Udp,
            Technique::Ack | Technique::Maimon | Technique::SynAck => Technique::Syn,
            _ => return false,
        };
        let service =
            ServiceKey { target: event.source, transport: event.transport, port: Some(event.source_port) };
        let known = |source: &Source| source.has_asked(event.source, asked, event.source_port);
        self.sources.lookup(event.target).is_some_and(known) || self.services.answers(service)
    }

    /// A conversation whose begin was not seen, since the capture lost it or started later: what its hosts
    /// open beside it is judged as beside any other.
    pub(crate) fn converses(&mut self, event: &Event) {
        let hosts = is_one_host(event.source) && is_one_host(event.target);
        if event.transport != Transport::Tcp || !hosts {
            return;
        }
        let slot = self.sources.meet(event.source);
        let technique = Technique::Syn;
        let case = self.case(event, slot, technique, Answer::Talked);
        if self.sources.get(slot).is_none_or(|source| source.find(case.key).is_some()) {
            return;
        }
        self.excuse_call_back(event);
        let look = Look { tool: None, made: Made::Untold, os_probe: None, weight: Weight::default() };
        let contact = self.contact(&case, &look);
        let margin = self.margin;
        self.sources.change(slot, |source| source.add(contact, event.decided, 0, margin));
    }

    /// A conversation is noticed when it is under way already: what its server failed at with the caller since was a
    /// call back, and is taken back.
    fn excuse_call_back(&mut self, event: &Event) {
        const LATELY: i64 = 10_000_000;
        let called_back = |contact: &Contact| {
            contact.target == event.source
                && contact.technique == Technique::Syn
                && contact.answer.is_failure()
                && contact.weight.port > evidence::CALLED_BACK
                && event.decided.since(contact.last).abs() <= LATELY
        };
        let Some(slot) = self.sources.find(event.target) else { return };
        let Some(source) = self.sources.get(slot) else { return };
        let Some(position) = source.contacts.iter().position(called_back) else { return };
        let (answer, weight) = (source.contacts[position].answer, source.contacts[position].weight);
        let left = Weight { port: weight.port * evidence::CALLED_BACK, ..weight };
        // Less evidence decides nothing.
        self.sources
            .change(slot, |source| source.revise(position, answer, left, event.decided, f64::INFINITY));
    }

    /// The source talks with a host that it has looked for: whoever finds a host in a sweep does not work with it
    /// at once, and monitoring does.
    fn excuse_looks(&mut self, slot: Slot, event: &Event) {
        let Some(source) = self.sources.get(slot) else { return };
        let looked = |contact: &Contact| {
            contact.target == event.target
                && matches!(contact.technique, Technique::Echo | Technique::Arp)
                && contact.weight.port > evidence::LOOKED_AND_TALKED
        };
        let positions: Vec<usize> =
            (0..source.contacts.len()).filter(|&position| looked(&source.contacts[position])).collect();
        for position in positions {
            self.sources.change(slot, |source| {
                let answer = source.contacts[position].answer;
                let weight = Weight { host: 0.0, port: evidence::LOOKED_AND_TALKED };
                source.revise(position, answer, weight, event.decided, f64::INFINITY)
            });
        }
    }

    /// A first contact as it is remembered.
    fn contact(&mut self, case: &Case<'_>, look: &Look) -> Contact {
        let Case { event, technique, answer, key, port, .. } = *case;
        Contact {
            key,
            target: event.target,
            port,
            source_port: if technique.has_ports() { event.source_port } else { 0 },
            technique,
            answer,
            tool: look.tool.map(|row| row as u8),
            made: look.made,
            os_probe: look.os_probe.is_some(),
            weight: look.weight,
            first: event.time,
            last: event.time,
            attempts: 1 + u32::from(event.retries),
            taken: false,
            observer: self.observers.number(&event.observer),
            origin: resets::origin(event, &self.links),
        }
    }

    /// An attempt of a source that is in no campaign, or off its lines.
    fn weigh(&mut self, case: &Case<'_>, out: &mut Vec<Detection>) {
        let Case { event, slot, technique, key, .. } = *case;
        let Some(source) = self.sources.get(slot) else { return };
        if let Some(position) = source.find(key) {
            let attempts = 1 + u32::from(event.retries);
            let observer = self.observers.number(&event.observer);
            let told = self.sources.change(slot, |source| {
                let told = source.is_told_again(position, observer, event.time);
                if !told {
                    source.forgive(position, case.answer, event.time);
                    source.repeat(position, attempts, event.time);
                }
                told
            });
            if told == Some(true) {
                return;
            }
            self.note_hammering(slot, key, event, out);
            if let Some(kind) = fingerprint::os_probe(event) {
                let decided = self.note_os_probe(slot, kind, event);
                self.judge(case, decided, None, out);
            }
            return;
        }
        if source.has_seen(key) {
            return;
        }
        let look = self.look(case);
        let contact = self.contact(case, &look);
        let (margin, scales) = (self.margin, evidence::scales(technique));
        let added = self.sources.change(slot, |source| source.add(contact, event.decided, scales, margin));
        let probe = look.os_probe.and_then(|kind| self.note_os_probe(slot, kind, event));
        let crowd = self.note_step(case, look.weight.host);
        self.judge(case, probe.or(added.flatten()), crowd, out);
        if technique == Technique::Echo {
            self.await_lull(case);
        }
        if case.answer == Answer::Talked {
            self.excuse_looks(slot, event);
        }
        self.await_grid(case);
        self.note_kin(case, look.weight.host, out);
    }

    /// The end of a flow: what an accepted contact was for.
    pub(crate) fn flow_end(&mut self, event: &Event, out: &mut Vec<Detection>) {
        let Some(technique) = Technique::of(event) else { return };
        let answer = Answer::of(event, technique);
        if technique == Technique::Echo {
            self.end_pings(event, out);
        }
        if event.handshake_completed {
            self.services.note_finished(service_of(event), event.decided);
        }
        let Some(slot) = self.sources.find(event.source) else { return };
        let case = self.case(event, slot, technique, answer);
        let said = payload::of(event);
        let heard = if answer == Answer::Greeted { LISTENED } else { 0 };
        if let Some(serial) = self.campaign_of(&case) {
            self.campaigns.change(serial, |campaign| {
                let member = campaign.join(event.source);
                campaign.payloads |= heard | said.map_or(0, |row| 1 << row);
                campaign.note_end(member, event, answer);
            });
            return;
        }
        if heard != 0 {
            self.sources.change(slot, |source| source.payloads |= heard);
        }
        let known = |source: &Source| source.find(case.key);
        let Some(position) = self.sources.get(slot).and_then(known) else { return };
        if let Some(row) = said {
            let decided = self.note_payload(slot, 1 << row, payload::PAYLOADS[row].weight, event);
            self.judge(&case, decided, None, out);
        }
        let tested = |contact: &&Contact| contact.answer == Answer::HalfOpen && contact.made == Made::ByHand;
        let contact = self.sources.get(slot).and_then(|source| source.contacts.get(position));
        if answer.is_finished() && event.first.options != 0 && contact.filter(tested).is_some() {
            let decided = self.note_payload(slot, RETURNED, payload::RETURNS, event);
            self.judge(&case, decided, None, out);
        }
        self.revise(&case, position, out);
    }

    /// A contact ended as something other than it seemed.
    fn revise(&mut self, case: &Case<'_>, position: usize, out: &mut Vec<Detection>) {
        let Case { event, slot, answer, .. } = *case;
        let Some(source) = self.sources.get(slot) else { return };
        let Some(&contact) = source.contacts.get(position) else { return };
        let alone = source.contacts.len() == 1;
        let open = matches!(contact.answer, Answer::Pending | Answer::Answered | Answer::NeverFinished);
        if !open && (answer != Answer::Talked || contact.answer == Answer::Talked) {
            return;
        }
        let (weight, margin) = (self.look(case).weight, self.margin);
        let revise = |source: &mut Source| source.revise(position, answer, weight, event.decided, margin);
        let decided = self.sources.change(slot, revise).flatten();
        if answer == Answer::Talked {
            let key = self.acquaintance(event.target);
            self.sources.change(slot, |source| source.note_acquaintance(key));
            self.excuse_looks(slot, event);
        }
        let crowd = crowd_of(event, case.technique);
        self.crowds.revise(&crowd, weight.host - contact.weight.host, event.decided);
        if alone && answer == Answer::NeverFinished {
            self.is_flood(event, answer, out);
        }
        self.judge(case, decided, Some(crowd), out);
        self.await_lull(case);
        self.note_kin(case, weight.host - contact.weight.host, out);
    }

    /// A probe of a source whose campaign is open, or was closed a moment ago.
    fn follow(&mut self, serial: Serial, case: &Case<'_>, out: &mut Vec<Detection>) {
        let Case { event, technique, answer, .. } = *case;
        let Some(source) = self.sources.get(case.slot) else { return };
        // What it had been talking to before is its daily life.
        if source.talks {
            let known = source.find(case.key).and_then(|position| source.contacts.get(position));
            if known.is_some_and(|contact| contact.answer == Answer::Talked) {
                return;
            }
        }
        let Look { tool, made, os_probe, weight } = self.look(case);
        let most = weight.host.max(weight.port);
        let closed = self.campaigns.get(serial).is_some_and(|campaign| campaign.closed.is_some());
        if closed && most <= 0.0 {
            return;
        }
        let origin = resets::origin(event, &self.links);
        let observer = self.observers.number(&event.observer);
        let probe = Probe { technique, answer, origin, observer, tool, os_probe, made, weight: most };
        let forger = self.links.forger(event);
        let probes = self.campaigns.change(serial, |campaign| {
            let member = campaign.join(event.source);
            campaign.note_probe(member, event, &probe);
            campaign.forged_by = campaign.forged_by.or(forger);
            campaign.reopen();
            campaign.probes
        });
        if self.declassify(serial, event) || closed {
            self.tell(serial, Change::Updated, out);
        }
        let key = self.note_step(case, weight.host);
        if let (Some(key), Some(probes)) = (key, probes)
            && merge::is_time(probes)
        {
            self.merge(key, event, out);
        }
    }

    /// The event in the crowd of its target, where it belongs to one: a source with a single
    /// contact belongs to none, and with its second one both are noted.
    fn note_step(&mut self, case: &Case<'_>, weight: f32) -> Option<CrowdKey> {
        let event = case.event;
        if !case.technique.has_ports() {
            return None;
        }
        let source = self.sources.get(case.slot)?;
        let key = crowd_of(event, case.technique);
        if source.campaign.is_none() {
            let others = source.contacts.iter().filter(|contact| contact.key != case.key);
            let mut here = others
                .filter(|contact| contact.target == event.target && contact.technique == case.technique);
            // Of a sweep by hand each target tells whether its packets are sent in several names.
            let sweeps = source.contacts.len() > 2 && key.by_hand;
            let before = here.next();
            if before.is_none() && !sweeps {
                return None;
            }
            if let Some(before) = before
                && here.next().is_none()
            {
                let (sent, decided, weight) = (before.first, before.last, before.weight.host);
                let step = Step { source: event.source, port: before.port, sent, decided, twin: 0, weight };
                self.crowds.note(key, step);
            }
        }
        let (source, port, twin) = (event.source, event.target_port, fingerprint::twin(event));
        self.crowds.note(key, Step { source, port, sent: event.time, decided: event.decided, twin, weight });
        Some(key)
    }

    fn note_os_probe(&mut self, slot: Slot, kind: OsProbe, event: &Event) -> Decided {
        let margin = self.margin;
        self.sources.change(slot, |source| {
            let bit = 1_u16 << kind as u16;
            if source.os_probes & bit != 0 {
                return None;
            }
            source.os_probes |= bit;
            source.add_note(aside(Aside::OsProbe, LineKey::Host(event.target), OS_PROBE, event), margin)
        })?
    }

    /// What a scanner says to a service speaks against a source although data went both ways.
    fn note_payload(&mut self, slot: Slot, bit: u32, weight: f32, event: &Event) -> Decided {
        let margin = self.margin;
        self.sources.change(slot, |source| {
            if source.payloads & bit != 0 {
                return None;
            }
            source.payloads |= bit;
            // Who says that it scans says so of this service everywhere.
            let service = LineKey::Port(Technique::Syn, event.target_port);
            let everywhere = if weight >= payload::SAYS_SO { weight } else { 0.0 };
            let here = aside(Aside::Words, LineKey::Host(event.target), weight, event);
            let here = source.add_note(here, margin);
            here.or(source.add_note(aside(Aside::Words, service, everywhere, event), margin))
        })?
    }

    fn look(&self, case: &Case<'_>) -> Look {
        let Case { event, technique, answer, .. } = *case;
        let tool = fingerprint::of(event);
        let made = fingerprint::made(event);
        let context = self.context(case, tool.map(|row| FINGERPRINTS[row].confidence), made == Made::ByHand);
        let mut weight = evidence::weigh(technique, answer, event.first.options != 0, context);
        if payload::is_nmap_question(event) {
            let least = payload::CONSTANT;
            weight = Weight { host: weight.host.max(least), port: weight.port.max(least) };
        } else if payload::asks_who_is_there(event) {
            weight = Weight { host: 0.0, port: weight.port.max(evidence::WHO_IS_THERE) };
        }
        if let Some(source) = self.sources.get(case.slot) {
            weight = lull::at_once(source, event.target, answer, weight);
        }
        Look { tool, made, os_probe: fingerprint::os_probe(event), weight }
    }

    /// What is known besides the packet. What does not matter for an answer is not looked up.
    fn context(&self, case: &Case<'_>, tool: Option<f64>, crafted: bool) -> Context {
        let Case { event, technique, answer, key, port, .. } = *case;
        let quiet = answer.is_quiet();
        let began = match event.kind {
            EventKind::FlowEnd => Time(event.time.since(Time(event.duration))),
            EventKind::Attempt => event.time,
        };
        let own = |test: &dyn Fn(&Source) -> bool| self.sources.get(case.slot).is_some_and(test);
        let before = began.plus(-CONVERSES);
        let media = technique == Technique::Udp
            && answer.is_failure()
            && event.first.payload_len > 0
            && event.source_port >= FIRST_CLIENT_PORT
            && event.target_port >= FIRST_EPHEMERAL;
        let in_conversation = (quiet || media)
            && (own(&|source| source.converses_with(event.target, key, before))
                || self
                    .sources
                    .lookup(event.target)
                    .is_some_and(|target| target.converses_with(event.source, key, before)));
        // From one port to many ports of clients, with something to say: a service whose questions were not seen.
        let serves = technique == Technique::Udp
            && answer == Answer::Unanswered
            && event.first.payload_len > 0
            && own(&|source| {
                source.keeps_port(event.target, key, technique, event.source_port)
                    && !source.is_refused(event.target, event.source_port)
            });
        let failed = answer.is_failure() && technique == Technique::Syn;
        let other_family = if technique == Technique::Udp && answer.is_failure() {
            own(&|source| source.uses(event.target, Technique::Syn, event.target_port))
        } else {
            (failed || quiet) && self.links.dialled_again(event, began)
        };
        Context {
            crossing: self.config.networks.crossing(event.source, event.target),
            tool,
            crafted,
            empty: technique == Technique::Udp && event.first.payload_len == 0 && !event.first.partial,
            like_answer: technique == Technique::Udp
                && event.target_port >= FIRST_EPHEMERAL
                && (event.source_port < FIRST_CLIENT_PORT || serves),
            same_port: may_keep_port(event, technique)
                && own(&|source| source.keeps_port(event.target, key, technique, event.source_port)),
            in_conversation: in_conversation || (quiet && other_family),
            parallel: answer == Answer::Aborted
                && own(&|source| source.has_parallel(event.target, key, began, PARALLEL)),
            neighbour: (answer.is_failure() || technique == Technique::Echo)
                && technique != Technique::Arp
                && own(&|source| source.has_neighbour(event.target, technique, port)),
            known_host: technique == Technique::Arp
                && (self.links.knows(event.target) || own(&|source| source.has_reached(event.target))),
            missed: self.observers.known(&event.observer).map_or(0.0, |number| self.sights.missed(number)),
            called: failed
                && self
                    .sources
                    .lookup(event.target)
                    .is_some_and(|target| target.has_called(event.source, began)),
            client_port: event.target_port >= FIRST_EPHEMERAL,
            talks: failed && own(&|source| source.talks && self.is_acquainted(source, event.target)),
            other_family,
            many_datagrams: technique == Technique::Udp
                && event.target_port < FIRST_EPHEMERAL
                && own(&|source| {
                    source.datagram_services(event.target, FIRST_EPHEMERAL) >= DATAGRAM_SERVICES
                }),
        }
    }
}

impl Detector {
    /// The source has had a conversation with this host, remembered by itself or not.
    fn is_acquainted(&self, source: &Source, target: IpAddr) -> bool {
        source.talks_with(target) || source.has_seen(self.acquaintance(target))
    }

    /// Where a source that meets many remembers with whom it has talked.
    fn acquaintance(&self, target: IpAddr) -> u64 {
        self.hasher.hash_one((target, Technique::Answer))
    }
}

/// Evidence of an event that is not a contact.
pub(crate) fn aside(what: Aside, line: LineKey, weight: f32, event: &Event) -> Note {
    let (target, port) = (event.target, event.target_port);
    Note { what, line, target, port, weight, at: event.decided }
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

/// Whether a repeated source port says anything: not from a server's port to ports of clients,
/// where it may be an answer whose question was not seen.
fn may_keep_port(event: &Event, technique: Technique) -> bool {
    match technique {
        Technique::Udp => event.source_port >= FIRST_CLIENT_PORT && event.target_port < FIRST_EPHEMERAL,
        Technique::Syn => event.source_port != 0,
        _ => false,
    }
}

pub(crate) fn service_of(event: &Event) -> ServiceKey {
    ServiceKey { target: event.target, transport: event.transport, port: Some(event.target_port) }
}

pub(crate) fn crowd_of(event: &Event, technique: Technique) -> CrowdKey {
    let by_hand = technique.is_illegal() || fingerprint::is_crafted(event);
    CrowdKey { target: event.target, technique, stack: fingerprint::stack(event), by_hand }
}
