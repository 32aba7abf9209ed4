//! UDP, SCTP and other IP protocols.

use super::FlowFolder;
use super::flood::{Aim, Class};
use super::key::{Key, OTHER};
use super::state::{Flow, Opening, State};
use super::tcp::DISORDER;
use crate::packet::{Packet, Sctp, Udp, chunk};
use std::net::IpAddr;
use vedette_event::{Closing, Event, Outcome};

/// IGMP, EIGRP, OSPF, PIM, VRRP: to multicast addresses they are the network's own chatter.
const CHATTER: [u8; 5] = [2, 88, 89, 103, 112];

impl FlowFolder {
    pub(super) fn udp(&mut self, packet: &Packet<'_>, udp: Udp, out: &mut Vec<Event>) {
        let source = (packet.source, udp.source_port);
        let target = (packet.target, udp.target_port);
        let (key, from_low) = Key::new(source, target, 17);
        if let Some(at) = self.table.find(&key) {
            if to_everyone(packet) {
                self.questions.ask(source, target.1, packet.time);
            }
            return self.exchange(at, from_low, packet, out);
        }
        let everyone = to_everyone(packet);
        let answers = match everyone {
            true => self.questions.awaited_by_all(target.1, source.1, packet.time),
            false => self.questions.awaits(target, source.1, packet.time),
        };
        if answers {
            self.stats.absorbed += 1;
            return;
        }
        if everyone {
            self.questions.ask(source, target.1, packet.time);
        }
        self.begin(Flow::new(key, from_low, Opening::Request, packet), packet, out);
    }

    pub(super) fn other(&mut self, packet: &Packet<'_>, out: &mut Vec<Event>) {
        if CHATTER.contains(&packet.ip.protocol) && to_everyone(packet) {
            self.stats.housekeeping += 1;
            return;
        }
        let kind = OTHER | u16::from(packet.ip.protocol);
        let key = Key::new((packet.source, 0), (packet.target, 0), kind);
        self.converse(key, Opening::Request, packet, out);
    }

    /// A request without a flow.
    pub(super) fn begin(&mut self, flow: Flow, packet: &Packet<'_>, out: &mut Vec<Event>) {
        let answered = Aim { target: packet.source, port: packet.ports().0, class: Class::Datagram };
        if self.floods.covers(answered) {
            self.stats.absorbed += 1;
            return;
        }
        let class = if flow.opening == Opening::Answer { Class::Answer } else { Class::Datagram };
        let aim = Aim { target: packet.target, port: packet.ports().1, class };
        if self.floods.absorbs(aim, flow.key.transport(), packet, self.now) {
            self.schedule_floods();
            return;
        }
        let unsolicited = flow.opening == Opening::Answer;
        let at = self.insert(flow, out);
        if unsolicited {
            self.decide(at, Outcome::Unsolicited, out);
            self.settle(at, State::Done);
        }
    }

    /// A request or an answer that [`Key::with_roles`] brings together.
    pub(super) fn converse(
        &mut self,
        (key, from_low): (Key, bool),
        opening: Opening,
        packet: &Packet<'_>,
        out: &mut Vec<Event>,
    ) {
        if let Some(at) = self.table.find(&key) {
            // A question after an answer that nobody had asked for is a new attempt.
            let asked_now = opening == Opening::Request && self.table.flow(at).opening == Opening::Answer;
            if !asked_now {
                return self.exchange(at, from_low, packet, out);
            }
            // Unless the answer overtook it: then it is answered.
            let overtaken = packet.time.since(self.table.flow(at).began).abs() <= DISORDER;
            self.close(at, Closing::Open, out);
            self.begin(Flow::new(key, from_low, opening, packet), packet, out);
            if overtaken && let Some(at) = self.table.find(&key) {
                self.answered(at, out);
            }
            return;
        }
        self.begin(Flow::new(key, from_low, opening, packet), packet, out);
    }

    /// A packet of a conversation in which any packet the other way is an answer.
    pub(super) fn exchange(&mut self, at: u32, from_low: bool, packet: &Packet<'_>, out: &mut Vec<Event>) {
        let flow = self.table.flow(at);
        let from_source = from_low == flow.source_low;
        if from_source && flow.state != State::Open && flow.repeats_first(packet) {
            flow.retries = flow.retries.saturating_add(1);
        }
        flow.count(from_source, packet);
        if from_source {
            return;
        }
        match flow.state {
            State::Pending => self.answered(at, out),
            // Late, but a reply: the flow's end will tell.
            State::Done if flow.outcome == Outcome::Unanswered => {
                flow.outcome = Outcome::Accepted;
                self.settle(at, State::Open);
            }
            _ => {}
        }
    }

    fn answered(&mut self, at: u32, out: &mut Vec<Event>) {
        let flow = self.table.flow(at);
        let (target, port) = flow.key.end(!flow.source_low);
        self.floods.completed(Aim { target, port, class: Class::Datagram }, self.now);
        self.decide(at, Outcome::Accepted, out);
        self.settle(at, State::Open);
    }

    pub(super) fn sctp(&mut self, packet: &Packet<'_>, sctp: Sctp, out: &mut Vec<Event>) {
        let source = (packet.source, sctp.source_port);
        let target = (packet.target, sctp.target_port);
        let (key, from_low) = Key::new(source, target, 132);
        let Some(at) = self.table.find(&key) else {
            let opening = match sctp.chunk {
                Some(chunk::INIT) => Opening::Request,
                Some(chunk::COOKIE_ECHO) => Opening::Probe,
                Some(chunk::INIT_ACK | chunk::ABORT) => Opening::Answer,
                _ => Opening::Middle,
            };
            self.begin(Flow::new(key, from_low, opening, packet), packet, out);
            return;
        };
        let flow = self.table.flow(at);
        let from_source = from_low == flow.source_low;
        if from_source && flow.state != State::Open && flow.repeats_first(packet) {
            flow.retries = flow.retries.saturating_add(1);
        }
        flow.count(from_source, packet);
        self.sctp_step(at, from_source, sctp, out);
    }

    fn sctp_step(&mut self, at: u32, from_source: bool, sctp: Sctp, out: &mut Vec<Event>) {
        let flow = self.table.flow(at);
        let abort = sctp.chunk == Some(chunk::ABORT);
        match (flow.state, flow.opening) {
            (State::Pending, _) if from_source => {}
            (State::Pending, _) if abort => {
                self.decide(at, Outcome::Refused, out);
                self.settle(at, State::Done);
            }
            (State::Pending, Opening::Request) if sctp.chunk == Some(chunk::INIT_ACK) => {
                self.answered(at, out);
            }
            (State::Pending, Opening::Middle | Opening::Probe) => {
                self.decide(at, Outcome::MidStream, out);
                self.settle(at, State::Open);
            }
            (State::Open, _) if abort || sctp.chunk == Some(chunk::SHUTDOWN_COMPLETE) => {
                let closing = match (abort, from_source) {
                    (false, _) => Closing::Fin,
                    (true, true) => Closing::ResetBySource,
                    (true, false) => Closing::ResetByTarget,
                };
                self.end(at, closing, out);
                self.settle(at, State::Done);
            }
            _ => {}
        }
    }
}

/// Sent to a multicast or broadcast address, of IP or of the link.
pub(super) fn to_everyone(packet: &Packet<'_>) -> bool {
    packet.link_multicast
        || match packet.target {
            IpAddr::V4(address) => address.is_multicast() || address.is_broadcast(),
            IpAddr::V6(address) => address.is_multicast(),
        }
}
