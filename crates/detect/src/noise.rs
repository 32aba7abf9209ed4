//! What is no scan, and recognised as what it is: floods, backscatter, traceroute.
//!
//! They are told as detections of their own kinds, so that they can be queried, and raise no
//! alert.

use crate::campaign::{Campaign, Verdict};
use crate::campaigns::NoiseKey;
use crate::detector::{Detector, identifier};
use crate::evidence::{Answer, Weight};
use crate::fingerprint::Made;
use crate::networks::is_one_host;
use crate::resets::Origin;
use crate::scales::Standing;
use crate::services::ServiceKey;
use crate::source::Contact;
use crate::table::Slot;
use crate::technique::Technique;
use std::net::IpAddr;
use vedette_event::{Change, Detection, DetectionKind, Event, Transport, flag};

/// Answers nobody asked for, to different ports or hosts within [`BACKSCATTER_WITHIN`], that make
/// backscatter: connections the sensor saw only the end of leave fewer.
const BACKSCATTER: usize = 10;
const BACKSCATTER_WITHIN: i64 = 60_000_000;
/// Attempts of one source at one service without success, and their rate a second, that are a
/// flood: a storm of reconnections stays below. Fewer are enough at a rate that no client has.
const HAMMERING: [(u32, i64); 2] = [(1_000, 50), (150, 500)];
/// Classic traceroute counts ports up from 33434, three for each of at most 30 hops. What
/// arrives has few hops left, where stacks send 64 or more.
const TRACEROUTE_PORTS: std::ops::Range<u16> = 33_434..33_524;
const TRACEROUTE_TTL: u8 = 30;
/// Others (mtr, tracepath) go on from 33000 as long as they run. There the hop limit must differ from that of the
/// packet before: a small device begins with few hops for everything, and measures nothing.
const ENDLESS_PORTS: std::ops::RangeFrom<u16> = 33_000..;
/// Such packets from one source that make a traceroute: one hop's.
const TRACEROUTE_PROBES: u8 = 3;

impl Detector {
    /// Classic traceroute: recorded, and evidence of nothing.
    pub(crate) fn is_traceroute(&mut self, event: &Event, out: &mut Vec<Detection>) -> bool {
        let ttl = event.first.ttl;
        let may_trace = event.transport == Transport::Udp
            && ENDLESS_PORTS.contains(&event.target_port)
            && (1..=TRACEROUTE_TTL).contains(&ttl);
        if !may_trace || !is_one_host(event.source) {
            return may_trace && TRACEROUTE_PORTS.contains(&event.target_port);
        }
        let before = self.sources.lookup(event.source).map_or(0, |source| source.trace_ttl);
        let traces = TRACEROUTE_PORTS.contains(&event.target_port) || ttl != before;
        if traces {
            self.note_trace(event, out);
        }
        traces
    }

    fn note_trace(&mut self, event: &Event, out: &mut Vec<Detection>) {
        let slot = self.sources.meet(event.source);
        let before = self.sources.change(slot, |source| {
            source.traces = source.traces.saturating_add(1);
            source.trace_ttl = event.first.ttl;
            source.traces - 1
        });
        let attempts = 1 + u64::from(event.retries);
        // Single ones are not worth telling: anybody can send them under any name.
        let count = match before {
            Some(before) if before + 1 < TRACEROUTE_PROBES => return,
            Some(before) if before + 1 == TRACEROUTE_PROBES => attempts + u64::from(before),
            _ => attempts,
        };
        let key = NoiseKey { kind: DetectionKind::BenignDiscovery, address: event.source, port: 0 };
        self.note_noise(key, event, Some(event.source), count, 1, out);
    }

    /// A stranger that fails at a service which many strangers fail at: part of a flood.
    pub(crate) fn is_flood(&mut self, event: &Event, answer: Answer, out: &mut Vec<Detection>) -> bool {
        // A host answers pings also of a flood.
        let ping = event.transport == Transport::Icmp && Technique::of(event) == Some(Technique::Echo);
        let failed = answer.is_failure()
            && matches!(event.transport, Transport::Tcp | Transport::Udp | Transport::Sctp);
        if !failed && !ping {
            return false;
        }
        let key =
            ServiceKey { target: event.target, transport: event.transport, port: Some(event.target_port) };
        let Some((flooded, strangers)) = self.services.note_strangers(key, event.count, event.decided) else {
            return false;
        };
        let key =
            NoiseKey { kind: DetectionKind::Flood, address: flooded.target, port: flooded.port.unwrap_or(0) };
        // Those that made it a flood belong to it.
        let count = if self.campaigns.noise(&key).is_some() { event.count } else { strangers };
        self.note_noise(key, event, None, count.into(), count.into(), out);
        true
    }

    /// One source that repeats one failing attempt, or pings without end.
    pub(crate) fn note_hammering(&mut self, slot: Slot, key: u64, event: &Event, out: &mut Vec<Detection>) {
        let Some(source) = self.sources.get(slot) else { return };
        let Some(contact) = source.find(key).and_then(|position| source.contacts.get(position)) else {
            return;
        };
        let futile = contact.answer.is_failure() || contact.technique == Technique::Echo;
        let elapsed = contact.last.since(contact.first).max(1);
        let rate = i64::from(contact.attempts).saturating_mul(1_000_000) / elapsed;
        if futile && is_hammering(contact.attempts, rate) {
            let noise =
                NoiseKey { kind: DetectionKind::Flood, address: event.source, port: event.target_port };
            let attempts =
                if self.campaigns.noise(&noise).is_some() { event.count } else { contact.attempts };
            self.note_noise(noise, event, Some(event.source), attempts.into(), 0, out);
        }
    }

    /// A run of pings of one host is over: without end, and faster than `ping` sends, it was a flood.
    pub(crate) fn end_pings(&mut self, event: &Event, out: &mut Vec<Detection>) {
        let rate = i64::from(event.sent.packets).saturating_mul(1_000_000) / event.duration.max(1);
        if event.transport == Transport::Icmp && is_hammering(event.sent.packets, rate) {
            let noise = NoiseKey { kind: DetectionKind::Flood, address: event.source, port: 0 };
            self.note_noise(noise, event, Some(event.source), event.sent.packets.into(), 0, out);
        }
    }

    /// An answer that nobody asked for. Enough of them from one source are backscatter: someone
    /// attacks it with our addresses as invented sources.
    pub(crate) fn unasked(&mut self, event: &Event, out: &mut Vec<Detection>) {
        if Technique::of(event) == Some(Technique::SynAck) && !self.answers_others(event) {
            self.attempt(event, out);
            return;
        }
        let reset_or_accept = event.transport == Transport::Tcp
            && (event.first.tcp_flags & flag::RST != 0
                || event.first.tcp_flags & (flag::SYN | flag::ACK) == (flag::SYN | flag::ACK));
        // Late UDP and echo replies are daily life.
        let tells =
            reset_or_accept || (event.transport == Transport::Icmp && event.icmp.is_some_and(is_error));
        if !tells || !is_one_host(event.source) || !is_one_host(event.target) {
            return;
        }
        // What the target did ask, it may be answered late, or by a host that is flooded.
        let asked = |source: &crate::source::Source| {
            source.has_asked(event.source, Technique::Syn, event.source_port)
        };
        if self.sources.lookup(event.target).is_some_and(asked) {
            return;
        }
        self.reflected(event, out);
    }

    /// An answer that nobody asked for, for sure: counted, and told as backscatter once there are several.
    pub(crate) fn reflected(&mut self, event: &Event, out: &mut Vec<Detection>) {
        let noise = NoiseKey { kind: DetectionKind::Backscatter, address: event.source, port: 0 };
        if self.campaigns.noise(&noise).is_some() {
            self.note_noise(noise, event, Some(event.source), event.count.into(), 1, out);
            return;
        }
        let slot = self.sources.meet(event.source);
        if let Some(count) = self.note_unasked(slot, event) {
            self.note_noise(noise, event, Some(event.source), count, 1, out);
        }
    }

    /// It has sent answers to ports of clients too: those of an attack with our addresses, some of which
    /// went out from low ports.
    fn answers_others(&self, event: &Event) -> bool {
        let answers = |contact: &Contact| contact.technique == Technique::Answer;
        self.sources.lookup(event.source).is_some_and(|source| source.contacts.iter().any(answers))
    }

    /// Remembers an unasked answer; gives their number when it has become telling.
    fn note_unasked(&mut self, slot: Slot, event: &Event) -> Option<u64> {
        let key =
            self.hasher.hash_one((event.target, event.target_port, event.source_port, Technique::Answer));
        let contact = Contact {
            key,
            target: event.target,
            port: event.target_port,
            source_port: event.source_port,
            technique: Technique::Answer,
            answer: Answer::Unasked,
            tool: None,
            made: Made::ByStack,
            os_probe: false,
            weight: Weight::default(),
            first: event.time,
            last: event.time,
            attempts: event.count,
            taken: false,
            observer: crate::observers::NOBODY,
            origin: Origin::Untold,
        };
        let margin = self.margin;
        self.sources.change(slot, |source| {
            if source.find(key).is_some() {
                return None;
            }
            source.add(contact, event.decided, 0, margin);
            let recent = source.contacts.iter().filter(|contact| {
                contact.technique == Technique::Answer
                    && event.time.since(contact.first) <= BACKSCATTER_WITHIN
            });
            let count = recent.count();
            (count >= BACKSCATTER).then_some(count as u64)
        })?
    }

    /// Counts into the campaign of a recognised thing, which it opens the first time.
    fn note_noise(
        &mut self,
        key: NoiseKey,
        event: &Event,
        source: Option<IpAddr>,
        count: u64,
        sources: u64,
        out: &mut Vec<Detection>,
    ) {
        let running = self.campaigns.noise(&key);
        let (serial, opened) = match running {
            Some(serial) => (serial, false),
            None => {
                let id = identifier(key.kind, key.address, key.port, event.decided);
                let standing = Standing { scale: 0, score: 0.0, bar: 0.0 };
                let verdict = Verdict::new(None, standing);
                let campaign = Campaign::new(id, key.kind, verdict, event.decided);
                (self.open(campaign, Some(key), out), true)
            }
        };
        let reopened = self.campaigns.change(serial, |campaign| {
            let reopened = campaign.closed.is_some();
            campaign.reopen();
            campaign.note_mass(event, count);
            match source {
                Some(source) => {
                    campaign.join(source);
                }
                None => campaign.member_count += sources,
            }
            reopened
        });
        if opened {
            self.tell(serial, Change::Opened, out);
        } else if reopened == Some(true) {
            self.tell(serial, Change::Updated, out);
        }
    }
}

fn is_hammering(attempts: u32, rate: i64) -> bool {
    HAMMERING.iter().any(|&(least, fast)| attempts >= least && rate >= fast)
}

fn is_error(icmp: vedette_event::Icmp) -> bool {
    if icmp.v6 { matches!(icmp.kind, 1..=4) } else { matches!(icmp.kind, 3 | 4 | 11 | 12) }
}
