//! How TCP packets move a flow.

use super::FlowFolder;
use super::flood::{Aim, Class};
use super::key::Key;
use super::state::{Flow, Opening, State};
use crate::packet::{Packet, Tcp};
use vedette_event::{Closing, Event, Outcome, SourceReset, Transport, flag};

/// Sequence numbers so far behind the first one belong to the same connection, a moment later.
const WITHIN: u32 = 1 << 24;

/// Packets of a connection seen in another order than they were sent are no further apart: capture rings, and
/// the hosts of a merged capture, are out of step by that much.
pub(super) const DISORDER: i64 = 10_000;

/// What was seen of a connection before its SYN.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Overtaken {
    ByReset,
    ByTraffic,
}

/// What a packet means for the flow it belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    Nothing,
    /// The target answered the SYN.
    HalfOpen,
    /// The attempt is decided and over.
    Decide(Outcome),
    /// Accepted, and the flow goes on.
    Accept,
    /// Accepted, and reset at once by the target.
    AcceptAndEnd,
    /// Accepted, and reset at once by the source.
    ResetBySource(SourceReset),
    /// In the middle of a conversation.
    MidStream,
    /// Answered after it was told as unanswered.
    LateAnswer,
    /// The handshake was completed after it was told as half-open.
    LateHandshake,
    /// An open flow ends.
    End(Closing),
}

impl FlowFolder {
    #[inline]
    pub(super) fn tcp(&mut self, packet: &Packet<'_>, tcp: Tcp, out: &mut Vec<Event>) {
        let source = (packet.source, tcp.source_port);
        let target = (packet.target, tcp.target_port);
        let (key, from_low) = Key::new(source, target, 6);
        let Some(at) = self.table.find(&key) else {
            return self.tcp_begin(key, from_low, packet, tcp, None, out);
        };
        let flow = self.table.flow(at);
        let from_source = from_low == flow.source_low;
        if flow.is_new_attempt(from_source, tcp) {
            let overtaken = flow.overtook(from_source, packet, tcp);
            self.close(at, Closing::Open, out);
            return self.tcp_begin(key, from_low, packet, tcp, overtaken, out);
        }
        let step = flow.tcp(from_source, packet, tcp);
        // The step may have turned the flow round.
        let from_source = from_low == flow.source_low;
        flow.count(from_source, packet);
        if step != Step::Nothing {
            self.tcp_step(at, step, out);
        }
        // After the attempt's event, whose prefix is that of its first packet.
        let flow = self.table.flow(at);
        if from_source && flow.state == State::Open && flow.first.payload_prefix_len == 0 {
            flow.keep_prefix(packet);
        }
    }

    fn tcp_step(&mut self, at: u32, step: Step, out: &mut Vec<Event>) {
        match step {
            Step::Nothing => {}
            Step::HalfOpen => self.settle(at, State::HalfOpen),
            Step::Decide(outcome) => {
                self.decide(at, outcome, out);
                self.settle(at, State::Done);
            }
            Step::Accept => {
                self.note_completed(at);
                self.decide(at, Outcome::Accepted, out);
                self.settle(at, State::Open);
            }
            Step::AcceptAndEnd => {
                self.decide(at, Outcome::Accepted, out);
                self.settle(at, State::Done);
            }
            Step::ResetBySource(reset) => {
                self.decide(at, Outcome::Accepted, out);
                if let Some(event) = out.last_mut() {
                    event.reset = Some(reset);
                }
                self.settle(at, State::Done);
            }
            Step::MidStream => {
                self.decide(at, Outcome::MidStream, out);
                self.settle(at, State::Open);
            }
            Step::LateAnswer => {
                self.table.flow(at).outcome = Outcome::Accepted;
                self.settle(at, State::Open);
            }
            Step::LateHandshake => {
                self.note_completed(at);
                self.settle(at, State::Open);
            }
            Step::End(closing) => {
                self.end(at, closing, out);
                self.settle(at, State::Done);
            }
        }
    }

    /// A completed handshake speaks against a flood.
    fn note_completed(&mut self, at: u32) {
        let flow = self.table.flow(at);
        let (target, port) = flow.key.end(!flow.source_low);
        self.floods.completed(Aim { target, port, class: Class::Syn }, self.now);
    }

    /// The first packet of a flow, which its answer or its next packet may have overtaken.
    fn tcp_begin(
        &mut self,
        key: Key,
        from_low: bool,
        packet: &Packet<'_>,
        tcp: Tcp,
        overtaken: Option<Overtaken>,
        out: &mut Vec<Event>,
    ) {
        let opening = opening(tcp.flags);
        if matches!(opening, Opening::SynAck | Opening::Answer) && self.belongs_to_flood(packet, tcp) {
            self.stats.absorbed += 1;
            return;
        }
        let class = match opening {
            Opening::Request => Class::Syn,
            Opening::Probe | Opening::Middle => Class::TcpOther,
            Opening::SynAck | Opening::Answer => Class::Answer,
        };
        let aim = Aim { target: packet.target, port: tcp.target_port, class };
        if self.floods.absorbs(aim, Transport::Tcp, packet, self.now) {
            self.schedule_floods();
            return;
        }
        let at = self.insert(Flow::new(key, from_low, opening, packet), out);
        if opening == Opening::Answer {
            self.decide(at, Outcome::Unsolicited, out);
            self.settle(at, State::Done);
        }
        match overtaken {
            Some(Overtaken::ByReset) => self.tcp_step(at, Step::Decide(Outcome::Refused), out),
            Some(Overtaken::ByTraffic) => self.table.flow(at).progressed = true,
            None => {}
        }
    }

    /// Answers of a flooded target, and resets by those whose addresses were forged.
    fn belongs_to_flood(&mut self, packet: &Packet<'_>, tcp: Tcp) -> bool {
        let class = Class::Syn;
        self.floods.any()
            && (self.floods.covers(Aim { target: packet.source, port: tcp.source_port, class })
                || self.floods.covers(Aim { target: packet.target, port: tcp.target_port, class }))
    }
}

fn opening(flags: u16) -> Opening {
    use flag::{ACK, FIN, PSH, RST, SYN, URG};
    match flags & (SYN | ACK | RST | FIN | PSH | URG) {
        SYN => Opening::Request,
        f if f == SYN | ACK => Opening::SynAck,
        f if f & RST != 0 && f & (SYN | FIN | URG) == 0 => Opening::Answer,
        f if f & (SYN | ACK | RST) == SYN => Opening::Request,
        f if f & ACK != 0 && f & (SYN | RST) == 0 => Opening::Middle,
        _ => Opening::Probe,
    }
}

impl Flow {
    /// The packet begins another attempt between the same ports.
    fn is_new_attempt(&self, from_source: bool, tcp: Tcp) -> bool {
        let over = match self.state {
            State::Pending | State::HalfOpen => return false,
            State::Open => false,
            State::Done => true,
        };
        let repeated =
            from_source && tcp.sequence == self.first.sequence && tcp.flags == self.first.tcp_flags;
        match opening(tcp.flags) {
            Opening::Request => !repeated,
            Opening::Probe => over && !repeated,
            _ => false,
        }
    }

    /// This SYN was sent before the packet that began the flow.
    fn overtook(&self, from_source: bool, packet: &Packet<'_>, tcp: Tcp) -> Option<Overtaken> {
        let next = tcp.sequence.wrapping_add(1);
        let near = packet.time.since(self.began).abs() <= DISORDER;
        let goes_on = match from_source {
            true => self.first.sequence.wrapping_sub(next) < WITHIN,
            false => self.first.acknowledgement.wrapping_sub(next) < WITHIN,
        };
        match self.opening {
            _ if !near || !goes_on || opening(tcp.flags) != Opening::Request => None,
            Opening::Answer if !from_source => {
                (self.first.acknowledgement == next).then_some(Overtaken::ByReset)
            }
            Opening::Middle | Opening::SynAck | Opening::Answer => Some(Overtaken::ByTraffic),
            _ => None,
        }
    }

    fn tcp(&mut self, from_source: bool, packet: &Packet<'_>, tcp: Tcp) -> Step {
        match self.state {
            State::Pending => self.tcp_pending(from_source, packet, tcp),
            State::HalfOpen => self.tcp_half_open(from_source, packet, tcp),
            State::Open => self.tcp_open(from_source, packet, tcp),
            State::Done => self.tcp_done(from_source, packet, tcp),
        }
    }

    fn retry(&mut self) -> Step {
        self.retries = self.retries.saturating_add(1);
        Step::Nothing
    }

    fn tcp_pending(&mut self, from_source: bool, packet: &Packet<'_>, tcp: Tcp) -> Step {
        let asked = self.opening == Opening::Request;
        if from_source {
            if self.repeats_first(packet) || (asked && tcp.flags & flag::SYN != 0) {
                return self.retry();
            }
            self.progressed |= !asked || self.acknowledges(tcp);
            return Step::Nothing;
        }
        let reset = tcp.flags & flag::RST != 0;
        match self.opening {
            Opening::Request if reset && self.progressed && tcp.sequence != 0 => {
                self.closing = Closing::ResetByTarget;
                Step::Decide(Outcome::Unknown)
            }
            Opening::Request if reset => Step::Decide(Outcome::Refused),
            Opening::Request if tcp.flags & (flag::SYN | flag::ACK) == flag::SYN | flag::ACK => {
                Step::HalfOpen
            }
            Opening::Request if self.is_served(tcp) => {
                self.completed = true;
                self.note_fin(from_source, tcp);
                Step::Accept
            }
            Opening::Request => Step::Nothing,
            Opening::Probe if reset => Step::Decide(Outcome::Refused),
            Opening::Probe => Step::MidStream,
            Opening::Middle if reset && self.refused_by(tcp) => Step::Decide(Outcome::Refused),
            Opening::Middle if reset => {
                self.closing = Closing::ResetByTarget;
                Step::Decide(Outcome::MidStream)
            }
            Opening::Middle => Step::MidStream,
            Opening::SynAck if reset => Step::Decide(Outcome::Unsolicited),
            Opening::SynAck if tcp.flags & flag::SYN != 0 => self.late_syn(packet, tcp),
            Opening::SynAck => Step::MidStream,
            Opening::Answer => Step::Nothing,
        }
    }

    /// Right after its SYN the source acknowledges something: it was answered, out of our sight.
    fn acknowledges(&self, tcp: Tcp) -> bool {
        let next = self.first.sequence.wrapping_add(1);
        tcp.flags & (flag::ACK | flag::RST) == flag::ACK
            && tcp.acknowledgement != 0
            && tcp.sequence.wrapping_sub(next) < WITHIN
    }

    /// The target goes on in a connection whose SYN-ACK was not seen.
    fn is_served(&self, tcp: Tcp) -> bool {
        let next = self.first.sequence.wrapping_add(1);
        tcp.flags & (flag::ACK | flag::SYN) == flag::ACK && tcp.acknowledgement.wrapping_sub(next) < WITHIN
    }

    /// Whether this reset answers a packet that belonged to no connection (RFC 9293, 3.10.7.1: its
    /// sequence number is the acknowledgement it answers, and it acknowledges nothing), rather than
    /// ending one. A lone packet without payload is given the benefit of the doubt.
    fn refused_by(&self, reset: Tcp) -> bool {
        let lone = self.first.payload_len == 0 && !self.progressed;
        let by_the_book = reset.flags & flag::ACK == 0 && reset.sequence == self.first.acknowledgement;
        lone || by_the_book
    }

    /// The SYN was seen after its SYN-ACK (capture rings are not in step): turns the flow round.
    fn late_syn(&mut self, packet: &Packet<'_>, tcp: Tcp) -> Step {
        if self.first.acknowledgement != tcp.sequence.wrapping_add(1) {
            return Step::Nothing;
        }
        let answer = self.sent;
        *self = Flow::new(self.key, !self.source_low, Opening::Request, packet);
        self.received = answer;
        // The caller counts the packet.
        self.sent = vedette_event::Volume::default();
        Step::HalfOpen
    }

    fn tcp_half_open(&mut self, from_source: bool, packet: &Packet<'_>, tcp: Tcp) -> Step {
        let reset = tcp.flags & flag::RST != 0;
        match (from_source, reset) {
            (true, true) => {
                self.closing = Closing::ResetBySource;
                Step::ResetBySource(SourceReset { ttl: packet.ip.ttl, mac: packet.source_mac })
            }
            (false, true) => {
                self.closing = Closing::ResetByTarget;
                Step::AcceptAndEnd
            }
            (true, false) if tcp.flags & flag::SYN != 0 => self.retry(),
            (true, false) if tcp.flags & flag::ACK != 0 => {
                self.completed = true;
                self.note_fin(from_source, tcp);
                Step::Accept
            }
            _ => Step::Nothing,
        }
    }

    fn note_fin(&mut self, from_source: bool, tcp: Tcp) -> bool {
        if tcp.flags & flag::FIN != 0 {
            self.fin[usize::from(from_source)] = true;
        }
        self.fin == [true, true]
    }

    #[inline]
    fn tcp_open(&mut self, from_source: bool, packet: &Packet<'_>, tcp: Tcp) -> Step {
        const TELLING: u16 = flag::SYN | flag::RST | flag::FIN;
        if tcp.flags & TELLING == 0 {
            let completes = from_source && tcp.flags & flag::ACK != 0 && self.opening == Opening::Request;
            if completes && !self.completed {
                self.completed = true;
                return Step::LateHandshake;
            }
            return Step::Nothing;
        }
        if tcp.flags & flag::RST != 0 {
            return Step::End(if from_source { Closing::ResetBySource } else { Closing::ResetByTarget });
        }
        if tcp.flags & flag::SYN != 0 {
            return if from_source && self.repeats_first(packet) { self.retry() } else { Step::Nothing };
        }
        if self.note_fin(from_source, tcp) { Step::End(Closing::Fin) } else { Step::Nothing }
    }

    fn tcp_done(&mut self, from_source: bool, packet: &Packet<'_>, tcp: Tcp) -> Step {
        let syn_ack = flag::SYN | flag::ACK;
        if from_source {
            return if self.repeats_first(packet) { self.retry() } else { Step::Nothing };
        }
        let asked = self.opening == Opening::Request && self.outcome == Outcome::Unanswered;
        if asked && tcp.flags & (syn_ack | flag::RST) == syn_ack { Step::LateAnswer } else { Step::Nothing }
    }
}
