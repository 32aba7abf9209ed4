//! A campaign: one thing that one party does over some time, told as one detection that grows.
//!
//! Belongs here: what is counted of it, and when it is told again or closed. Does not belong
//! here: whether it is one (see [`crate::detector`]), and its words (see [`crate::report`]).

use crate::class::Covering;
use crate::crowd::CrowdKey;
use crate::evidence::Answer;
use crate::fingerprint::{FINGERPRINTS, Made, OsProbe};
use crate::observers::Observers;
use crate::resets::Origin;
use crate::scales::Standing;
use crate::sets::{HostSet, PortSet};
use crate::source::{Contact, LineKey, Note};
use crate::technique::{TECHNIQUES, Technique};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::Arc;
use vedette_event::{
    Change, DetectionKind, Event, Observer, OpenPort, Process, SensorLosses, Time, Transport,
};

/// Silence after which a fast campaign is over.
const QUIET: i64 = 300_000_000;
/// A slow one is over after this many of its mean gaps, at most two days.
const QUIET_GAPS: i64 = 20;
const QUIET_MOST: i64 = 2 * 86_400 * 1_000_000;
/// A closed campaign goes on under its identifier when its source resumes within this time.
/// Later it is a new campaign, which needs evidence of its own.
pub(crate) const REOPENS: i64 = 1_800_000_000;
/// A campaign is told again this long after it was last told, at the least and at the most; in
/// between a thirtieth of its age, so that a scan of days is not told a hundred thousand times.
const TOLD_LEAST: i64 = 1_000_000;
const TOLD_MOST: i64 = 60_000_000;
/// A finished connection to a known service so long after the last probe is a visit.
const VISITS_AFTER: i64 = 10_000_000;
/// Open services and deciding contacts that are kept.
const OPEN_SERVICES: usize = 1_000;
const DECIDING: usize = 32;
/// Lines told apart. A source that scans more of them scans everything.
const LINES: usize = 12;
/// Services told apart for classes of discovery, which have fewer.
pub(crate) const SERVICES: usize = 32;
/// Targets of which it is remembered who told of them first.
const WATCHED: usize = 1_000;
/// Members kept with what is known of each.
pub(crate) const MEMBERS: usize = 1_000;
const OBSERVERS: usize = 1_000;
/// Local processes that are named.
const PROCESSES: usize = 4;
/// Conclusions of other products that are kept.
const FOREIGN: usize = 8;

/// One of the sources of a campaign.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Member {
    pub(crate) address: IpAddr,
    pub(crate) probes: u64,
    /// Probes that drew an answer meant for this address.
    pub(crate) answered: u32,
    pub(crate) completed: u32,
    /// Resets of answers, and those among them that came the way of the probes, and from elsewhere.
    pub(crate) half_open: u32,
    pub(crate) resets_same: u32,
    pub(crate) resets_other: u32,
    /// Where its probes came from on the LAN.
    pub(crate) mac: Option<[u8; 6]>,
}

impl Member {
    fn new(address: IpAddr) -> Member {
        Member {
            address,
            probes: 0,
            answered: 0,
            completed: 0,
            half_open: 0,
            resets_same: 0,
            resets_other: 0,
            mac: None,
        }
    }

    /// It finished a handshake, or its resets came the way of its probes: all but a few, since routes change.
    pub(crate) fn is_real(&self) -> bool {
        self.completed > 0 || self.resets_same > self.resets_other.saturating_mul(8)
    }

    /// Its resets came from elsewhere: someone else sent the probes in its name.
    pub(crate) fn is_framed(&self) -> bool {
        self.completed == 0 && self.resets_other > self.resets_same
    }
}

/// What a probe's event amounts to.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Probe {
    pub(crate) technique: Technique,
    pub(crate) answer: Answer,
    /// Of the reset that ended it half-open.
    pub(crate) origin: Origin,
    /// Who saw it: see [`crate::observers`].
    pub(crate) observer: u16,
    /// Row of [`FINGERPRINTS`].
    pub(crate) tool: Option<usize>,
    pub(crate) os_probe: Option<OsProbe>,
    pub(crate) made: Made,
    /// The greater of what it says for a row and for a column.
    pub(crate) weight: f32,
}

/// How the sources of a campaign belong together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Arrangement {
    Single,
    Decoy,
    Distributed,
}

/// Connections to a service after it was found open.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Use {
    pub(crate) connections: u32,
    pub(crate) talked: u32,
}

/// Another product's conclusion, and how often it came.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Foreign {
    pub(crate) words: String,
    pub(crate) sweep: bool,
    pub(crate) count: u32,
}

/// What opened it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Verdict {
    /// `None` for what is not decided by the evidence of one source.
    pub(crate) line: Option<LineKey>,
    pub(crate) standing: Standing,
    /// The contacts that decided, in order, at most [`DECIDING`].
    pub(crate) contacts: Vec<Contact>,
    /// What weighed besides them.
    pub(crate) notes: Vec<Note>,
}

impl Verdict {
    pub(crate) fn new(line: Option<LineKey>, standing: Standing) -> Verdict {
        Verdict { line, standing, contacts: Vec::new(), notes: Vec::new() }
    }

    /// It is another product's: no evidence of our own has been weighed.
    pub(crate) fn is_foreign(&self, kind: DetectionKind) -> bool {
        kind == DetectionKind::Scan && self.line.is_some() && self.standing.bar == 0.0
    }
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Campaign {
    pub(crate) id: String,
    pub(crate) kind: DetectionKind,
    pub(crate) arrangement: Arrangement,
    pub(crate) verdict: Verdict,
    pub(crate) members: Vec<Member>,
    /// All of them, or strangers counted in a flood.
    pub(crate) member_count: u64,
    /// Hosts whose ports or protocols were probed, and hosts that were only looked for.
    pub(crate) targets: HostSet,
    pub(crate) swept: HostSet,
    pub(crate) ports: PortSet,
    pub(crate) protocols: PortSet,
    /// Probes of ports, and those of them on the line that convicted.
    pub(crate) ported: u32,
    pub(crate) ported_on_line: u32,
    /// Techniques and ports, the first ones; one more than [`SERVICES`] means more.
    pub(crate) services: Vec<(Technique, u16)>,
    pub(crate) open: BTreeMap<OpenPort, Use>,
    pub(crate) open_ports: PortSet,
    /// Probes by technique, without the packets of an operating system detection.
    pub(crate) techniques: [u32; TECHNIQUES],
    /// SYNs to new ports or hosts: from a stack, made by hand, and of which a log does not tell.
    pub(crate) stack_syns: u32,
    pub(crate) raw_syns: u32,
    pub(crate) untold_syns: u32,
    pub(crate) half_open: u32,
    pub(crate) completed: u32,
    /// Probes that fitted each fingerprint.
    pub(crate) tools: [u32; FINGERPRINTS.len()],
    pub(crate) os_probes: u16,
    /// Rows of [`crate::payload::PAYLOADS`], one bit each.
    pub(crate) payloads: u32,
    /// By [`vedette_event::Direction`].
    pub(crate) directions: [u32; 4],
    pub(crate) observers: Vec<Arc<Observer>>,
    /// Local processes that made its probes, at most [`PROCESSES`].
    pub(crate) processes: Vec<Arc<Process>>,
    /// The address whose network card sent packets in a member's name.
    pub(crate) forged_by: Option<IpAddr>,
    pub(crate) score: f64,
    pub(crate) probes: u64,
    pub(crate) first_seen: Time,
    pub(crate) last_seen: Time,
    pub(crate) detected_at: Time,
    pub(crate) losses: SensorLosses,
    /// Rows and columns that it is about; everything, when [`LineKey::Spread`] is among them.
    lines: Vec<LineKey>,
    /// Of `probes`, those that only looked for hosts.
    pub(crate) sweep_probes: u64,
    /// Identifier of the campaign that it turned out to be part of.
    pub(crate) part_of: Option<String>,
    /// The class that covers it; it is no scan as long as one does.
    pub(crate) class: Option<Covering>,
    /// It uses an approved scanner's address, but not rightly: the reason.
    pub(crate) impostor: Option<String>,
    /// It stands for many that began at the same time.
    pub(crate) storm: bool,
    /// What other products concluded about its source, each conclusion once.
    pub(crate) foreign: Vec<Foreign>,
    /// Who told of each target first. What another one tells of the same service of it is the same probe, seen a
    /// second time: by a firewall and the host behind it, by both ends.
    watched: BTreeMap<IpAddr, u16>,
    /// The latest of them, which is mostly asked for again.
    #[serde(skip)]
    watched_last: Option<(IpAddr, u16)>,
    /// The crowd its members belong to.
    pub(crate) crowd: Option<CrowdKey>,
    pub(crate) closed: Option<Time>,
    /// How often it went on after it had been closed.
    pub(crate) resumed: u32,
    pub(crate) changed: bool,
    told: Time,
    /// When the outcome of its latest probe was known; what silence is counted from.
    active: Time,
    began: Time,
    events: i64,
}

impl Campaign {
    pub(crate) fn new(id: String, kind: DetectionKind, verdict: Verdict, at: Time) -> Campaign {
        let verdict_line = verdict.line;
        Campaign {
            id,
            kind,
            arrangement: Arrangement::Single,
            score: verdict.standing.score,
            verdict,
            members: Vec::new(),
            member_count: 0,
            targets: HostSet::default(),
            swept: HostSet::default(),
            ports: PortSet::default(),
            protocols: PortSet::default(),
            ported: 0,
            ported_on_line: 0,
            services: Vec::new(),
            open: BTreeMap::new(),
            open_ports: PortSet::default(),
            techniques: [0; TECHNIQUES],
            stack_syns: 0,
            raw_syns: 0,
            untold_syns: 0,
            half_open: 0,
            completed: 0,
            tools: [0; FINGERPRINTS.len()],
            os_probes: 0,
            payloads: 0,
            directions: [0; 4],
            observers: Vec::new(),
            processes: Vec::new(),
            forged_by: None,
            probes: 0,
            first_seen: at,
            last_seen: at,
            detected_at: at,
            losses: SensorLosses::default(),
            lines: verdict_line.into_iter().collect(),
            sweep_probes: 0,
            part_of: None,
            class: None,
            impostor: None,
            storm: false,
            foreign: Vec::new(),
            watched: BTreeMap::new(),
            watched_last: None,
            crowd: None,
            closed: None,
            resumed: 0,
            changed: false,
            told: at,
            active: at,
            began: at,
            events: 0,
        }
    }

    /// Another member would be kept by name.
    pub(crate) fn has_room(&self) -> bool {
        self.members.len() < MEMBERS
    }

    /// The position of a member, which joins when it is new. Beyond [`MEMBERS`] they are counted
    /// only.
    pub(crate) fn join(&mut self, address: IpAddr) -> Option<usize> {
        if let Some(position) = self.members.iter().rposition(|member| member.address == address) {
            return Some(position);
        }
        self.member_count += 1;
        self.changed = true;
        if self.members.len() >= MEMBERS {
            return None;
        }
        self.members.push(Member::new(address));
        Some(self.members.len() - 1)
    }

    /// Whether a contact lies on a line that the campaign is about.
    pub(crate) fn covers(&self, target: IpAddr, technique: Technique, port: u16) -> bool {
        self.lines.iter().any(|line| line.holds(target, technique, port))
    }

    pub(crate) fn has_line(&self, line: LineKey) -> bool {
        self.lines.iter().any(|&known| known == line || known == LineKey::Spread)
    }

    /// Adds a line. From [`LINES`] on it is about everything.
    pub(crate) fn extend_to(&mut self, line: LineKey) {
        if self.lines.len() < LINES {
            self.lines.push(line);
            self.changed = true;
        } else {
            self.lines = vec![LineKey::Spread];
        }
    }

    /// Takes over a contact that was remembered from before.
    pub(crate) fn take_over(&mut self, member: Option<usize>, contact: &Contact, observers: &Observers) {
        if let Some(observer) = observers.of(contact.observer) {
            self.note_observer(observer);
        }
        let attempts = u64::from(contact.attempts);
        self.is_watched_by(contact.target, contact.observer);
        self.count(member, contact.technique, contact.answer, attempts, contact.os_probe);
        self.count_origin(member, contact.origin);
        if let Some(row) = contact.tool {
            self.tools[usize::from(row)] += contact.attempts;
        }
        let made = (!contact.os_probe).then_some(contact.made);
        self.place(contact.target, contact.port, contact.technique, made);
        if contact.answer.is_open() && contact.technique.has_ports() {
            self.note_open(contact.target, contact.port, transport_of(contact.technique), false);
        }
        self.span(contact.first, contact.last);
        if self.verdict.contacts.len() < DECIDING {
            self.verdict.contacts.push(*contact);
        }
    }

    /// Takes over what weighed besides contacts.
    pub(crate) fn take_notes(&mut self, notes: Vec<Note>) {
        let room = DECIDING.saturating_sub(self.verdict.notes.len());
        self.verdict.notes.extend(notes.into_iter().take(room));
    }

    /// Counts a probe of a member.
    pub(crate) fn note_probe(&mut self, member: Option<usize>, event: &Event, probe: &Probe) {
        let Probe { technique, answer, .. } = *probe;
        let port = match event.transport {
            Transport::Ip(number) => u16::from(number),
            _ => event.target_port,
        };
        let made = probe.os_probe.is_none().then_some(probe.made);
        let new = self.place(event.target, port, technique, made);
        // Back at a service that it found, a while after: that is what the scan was for.
        let later = event.time.since(self.last_seen) > VISITS_AFTER && event.handshake_completed;
        if !new && later && technique == Technique::Syn {
            self.note_open(event.target, event.target_port, event.transport, true);
            self.active = self.active.max(event.decided);
            self.changed = true;
            return;
        }
        if !self.is_watched_by(event.target, probe.observer) && !new {
            self.span(event.time, event.time.plus(event.duration.max(0)));
            self.note_circumstances(member, event);
            return;
        }
        self.count(member, technique, answer, 1 + u64::from(event.retries), probe.os_probe.is_some());
        self.count_origin(member, probe.origin);
        if new && probe.weight > 0.0 {
            self.score += f64::from(probe.weight);
        }
        if let Some(row) = probe.tool {
            self.tools[row] = self.tools[row].saturating_add(1);
        }
        if let Some(kind) = probe.os_probe {
            self.os_probes |= 1 << kind as u16;
        }
        if answer.is_open() && technique.has_ports() {
            let visit = event.handshake_completed || technique != Technique::Syn;
            self.note_open(event.target, event.target_port, event.transport, visit);
        }
        self.span(event.time, event.time.plus(event.duration.max(0)));
        self.active = self.active.max(event.decided);
        self.events += 1;
        self.note_circumstances(member, event);
    }

    /// Whether this observer is the one whose word on this target counts; the first one is.
    fn is_watched_by(&mut self, target: IpAddr, observer: u16) -> bool {
        if let Some((latest, first)) = self.watched_last
            && latest == target
        {
            return first == observer;
        }
        let room = self.watched.len() < WATCHED;
        let first = match self.watched.get(&target) {
            Some(&first) => first,
            None if room => *self.watched.entry(target).or_insert(observer),
            None => return true,
        };
        self.watched_last = Some((target, first));
        first == observer
    }

    /// Another product says that the source scans; true when it says so for the first time.
    pub(crate) fn note_foreign(&mut self, words: String, sweep: bool) -> bool {
        self.changed = true;
        if let Some(known) = self.foreign.iter_mut().find(|known| known.words == words) {
            known.count = known.count.saturating_add(1);
            return false;
        }
        let room = self.foreign.len() < FOREIGN;
        if room {
            self.foreign.push(Foreign { words, sweep, count: 1 });
        }
        room
    }

    /// Counts probes that stand in the event only as a number.
    pub(crate) fn note_counted(&mut self, event: &Event) {
        self.probes += u64::from(event.count);
        self.losses.attempts_aggregated += u64::from(event.count);
        self.span(event.time, event.time.plus(event.duration.max(0)));
        self.active = self.active.max(event.decided);
        self.changed = true;
    }

    /// What became of an accepted probe.
    pub(crate) fn note_end(&mut self, member: Option<usize>, event: &Event, answer: Answer) {
        self.count_answer(member, answer, event.handshake_completed);
        let key =
            OpenPort { host: event.target, port: event.target_port, protocol: event.transport.number() };
        if let Some(used) = self.open.get_mut(&key) {
            used.talked += u32::from(answer == Answer::Talked);
        }
        self.active = self.active.max(event.decided);
        self.changed = true;
    }

    /// Who saw it, which way it went, whose process it was.
    pub(crate) fn note_circumstances(&mut self, member: Option<usize>, event: &Event) {
        self.directions[event.direction as usize] += 1;
        if let Some(member) = member.and_then(|position| self.members.get_mut(position))
            && event.source_mac.is_some()
        {
            member.mac = event.source_mac;
        }
        if let Some(process) = event.sending_process() {
            self.note_process(process);
        }
        self.note_observer(&event.observer);
    }

    /// A scanner that begins anew for each probe has a number for each: one of a command line is enough.
    fn note_process(&mut self, process: &Arc<Process>) {
        let same = |known: &Arc<Process>| {
            Arc::ptr_eq(known, process)
                || (known.path == process.path && known.command_line == process.command_line)
        };
        if self.processes.len() < PROCESSES && !self.processes.iter().any(same) {
            self.processes.push(Arc::clone(process));
            self.changed = true;
        }
    }

    pub(crate) fn note_observer(&mut self, observer: &Arc<Observer>) {
        let seen = self.observers.iter().any(|known| Arc::ptr_eq(known, observer) || known.id == observer.id);
        if !seen && self.observers.len() < OBSERVERS {
            self.observers.push(Arc::clone(observer));
        }
    }

    fn count(
        &mut self,
        member: Option<usize>,
        technique: Technique,
        answer: Answer,
        attempts: u64,
        os_probe: bool,
    ) {
        self.probes += attempts;
        self.sweep_probes += if technique.is_sweep() { attempts } else { 0 };
        if !os_probe {
            let of_technique = &mut self.techniques[technique as usize];
            *of_technique = of_technique.saturating_add(1);
        }
        self.changed = true;
        if let Some(member) = member.and_then(|position| self.members.get_mut(position)) {
            member.probes += attempts;
            let drew = matches!(answer, Answer::Refused) || answer.is_open();
            member.answered = member.answered.saturating_add(u32::from(drew));
        }
        let finished = technique == Technique::Syn && answer.is_finished();
        self.count_answer(member, answer, finished);
    }

    fn count_origin(&mut self, member: Option<usize>, origin: Origin) {
        let Some(member) = member.and_then(|position| self.members.get_mut(position)) else { return };
        member.resets_same += u32::from(origin == Origin::Same);
        member.resets_other += u32::from(origin == Origin::Other);
    }

    fn count_answer(&mut self, member: Option<usize>, answer: Answer, finished: bool) {
        let half_open = u32::from(answer == Answer::HalfOpen);
        let completed = u32::from(finished);
        self.half_open += half_open;
        self.completed += completed;
        if let Some(member) = member.and_then(|position| self.members.get_mut(position)) {
            member.half_open += half_open;
            member.completed += completed;
        }
    }

    fn place(&mut self, target: IpAddr, port: u16, technique: Technique, made: Option<Made>) -> bool {
        if technique.is_sweep() {
            return self.swept.insert(target);
        }
        let mut new = self.targets.insert(target);
        if technique.has_ports() {
            new |= self.ports.insert(port);
            let on_line = self.verdict.line.is_some_and(|line| line.holds(target, technique, port));
            self.ported = self.ported.saturating_add(1);
            self.ported_on_line = self.ported_on_line.saturating_add(u32::from(on_line));
            if self.services.len() <= SERVICES && !self.services.contains(&(technique, port)) {
                self.services.push((technique, port));
            }
        } else {
            self.protocols.insert(port);
        }
        // A connection to what is known already is a visit, not a probe.
        if let Some(made) = made.filter(|_| new && technique == Technique::Syn) {
            *match made {
                Made::ByStack => &mut self.stack_syns,
                Made::ByHand => &mut self.raw_syns,
                Made::Untold => &mut self.untold_syns,
            } += 1;
        }
        new
    }

    fn note_open(&mut self, host: IpAddr, port: u16, transport: Transport, visit: bool) {
        self.open_ports.insert(port);
        let key = OpenPort { host, port, protocol: transport.number() };
        if let Some(used) = self.open.get_mut(&key) {
            used.connections += u32::from(visit);
        } else if self.open.len() < OPEN_SERVICES {
            self.open.insert(key, Use::default());
        }
    }

    pub(crate) fn span(&mut self, first: Time, last: Time) {
        if self.events == 0 && self.first_seen == self.detected_at {
            self.began = self.began.min(first);
        }
        self.first_seen = self.first_seen.min(first);
        self.last_seen = self.last_seen.max(last);
    }

    /// Counts events that are not single probes (floods, backscatter).
    pub(crate) fn note_mass(&mut self, event: &Event, count: u64) {
        self.probes += count;
        self.losses.attempts_aggregated += u64::from(event.count).saturating_sub(1);
        self.targets.insert(event.target);
        if matches!(event.transport, Transport::Tcp | Transport::Udp | Transport::Sctp) {
            self.ports.insert(event.target_port);
        }
        self.span(event.time, event.time);
        self.active = self.active.max(event.decided);
        self.events += 1;
        self.changed = true;
        self.note_circumstances(None, event);
    }

    /// When it is over unless something happens before.
    fn quiet_at(&self) -> Time {
        let gaps = (self.events + self.verdict.contacts.len() as i64 - 1).max(1);
        let mean = self.active.since(self.began.min(self.first_seen)) / gaps;
        self.active.plus(mean.saturating_mul(QUIET_GAPS).clamp(QUIET, QUIET_MOST))
    }

    fn retold_at(&self) -> Time {
        let age = self.told.since(self.detected_at);
        self.told.plus((age / 30).clamp(TOLD_LEAST, TOLD_MOST))
    }

    /// When [`Campaign::due`] is to be asked next.
    pub(crate) fn next_due(&self) -> Time {
        match self.closed {
            Some(closed) => closed.plus(REOPENS),
            None if self.changed => self.retold_at().min(self.quiet_at()),
            None => self.quiet_at(),
        }
    }

    /// What is to be told at a moment.
    pub(crate) fn due(&mut self, now: Time) -> Option<Change> {
        if self.closed.is_some() {
            return None;
        }
        if now >= self.quiet_at() {
            self.closed = Some(now);
            self.told = now;
            return Some(Change::Closed);
        }
        if self.changed && now >= self.retold_at() {
            self.changed = false;
            self.told = now;
            return Some(Change::Updated);
        }
        None
    }

    /// Closes it now; says whether it was open.
    pub(crate) fn close(&mut self, now: Time) -> bool {
        let open = self.closed.is_none();
        if open {
            (self.closed, self.told) = (Some(now), now);
        }
        open
    }

    /// Its source is at it again.
    pub(crate) fn reopen(&mut self) {
        self.resumed = self.resumed.saturating_add(u32::from(self.closed.is_some()));
        self.closed = None;
    }

    pub(crate) fn heap_bytes(&self) -> usize {
        size_of::<Campaign>()
            + self.members.capacity() * size_of::<Member>()
            + self.targets.heap_bytes()
            + self.swept.heap_bytes()
            + self.ports.heap_bytes()
            + self.protocols.heap_bytes()
            + self.open_ports.heap_bytes()
            + self.open.len() * 64
            + self.watched.len() * 48
            + self.verdict.contacts.capacity() * size_of::<Contact>()
            + self.verdict.notes.capacity() * size_of::<Note>()
    }
}

pub(crate) fn transport_of(technique: Technique) -> Transport {
    match technique {
        Technique::Udp => Transport::Udp,
        Technique::SctpInit | Technique::SctpCookieEcho => Transport::Sctp,
        _ => Transport::Tcp,
    }
}
