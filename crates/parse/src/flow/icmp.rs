//! ICMP: queries, and errors about packets seen before.

use super::FlowFolder;
use super::key::{ICMP_OTHER, ICMP_QUERY, Key, OTHER};
use super::state::{Opening, State};
use crate::packet::{Embedded, Icmp, Packet};
use vedette_event::{Event, Outcome};

/// What an error says about the packet it quotes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verdict {
    /// Nobody listens on this port, or nothing speaks this protocol: final when the target says so.
    Closed,
    /// Unreachable or prohibited.
    Unreachable,
    /// Too big, too far, badly formed: the attempt goes on.
    Other,
}

impl FlowFolder {
    pub(super) fn icmp(&mut self, packet: &Packet<'_>, message: Icmp, out: &mut Vec<Event>) {
        if message.is_housekeeping() {
            self.stats.housekeeping += 1;
        } else if let Some((request, asks)) = message.query() {
            let kind = ICMP_QUERY | u16::from(request);
            let (asker, asked) =
                if asks { (packet.source, packet.target) } else { (packet.target, packet.source) };
            let (key, asker_low) = Key::with_roles(asker, asked, message.id, kind);
            let opening = if asks { Opening::Request } else { Opening::Answer };
            self.converse((key, asker_low == asks), opening, packet, out);
        } else if message.is_error() {
            self.icmp_error(packet, message, out);
        } else {
            let id = u16::from_be_bytes([message.kind, message.code]);
            let key = Key::with_roles(packet.source, packet.target, id, ICMP_OTHER);
            self.converse(key, Opening::Request, packet, out);
        }
    }

    fn icmp_error(&mut self, packet: &Packet<'_>, message: Icmp, out: &mut Vec<Event>) {
        let quoted = packet.embedded();
        let known = quoted.and_then(|quoted| {
            let (key, from_low) = quoted_key(&quoted)?;
            self.table.find(&key).map(|at| (at, from_low, quoted))
        });
        if let Some((at, from_low, quoted)) = known {
            return self.icmp_verdict(at, from_low, &quoted, packet, message, out);
        }
        if self.quotes_flood(quoted) {
            self.stats.absorbed += 1;
            return;
        }
        let id = u16::from_be_bytes([message.kind, message.code]);
        let key = Key::with_roles(packet.source, packet.target, id, ICMP_OTHER);
        self.converse(key, Opening::Answer, packet, out);
    }

    /// The quoted packet was one of a flood, so that it has no flow.
    fn quotes_flood(&mut self, quoted: Option<Embedded>) -> bool {
        use super::flood::{Aim, Class};
        let Some(quoted) = quoted.filter(|_| self.floods.any()) else { return false };
        let ends = [(quoted.target, quoted.target_port), (quoted.source, quoted.source_port)];
        let classes = [Class::Syn, Class::TcpOther, Class::Datagram];
        ends.iter().any(|&(target, port)| {
            classes.iter().any(|&class| self.floods.covers(Aim { target, port, class }))
        })
    }

    /// An error about a flow we know.
    fn icmp_verdict(
        &mut self,
        at: u32,
        quoted_low: bool,
        quoted: &Embedded,
        packet: &Packet<'_>,
        message: Icmp,
        out: &mut Vec<Event>,
    ) {
        let flow = self.table.flow(at);
        flow.last = flow.last.max(packet.time);
        let about_source = quoted_low == flow.source_low;
        if !about_source || flow.state != State::Pending {
            return;
        }
        let outcome = match verdict(message) {
            Verdict::Closed if packet.source == quoted.target => Outcome::Refused,
            Verdict::Closed | Verdict::Unreachable => Outcome::Rejected,
            Verdict::Other => return,
        };
        flow.received.packets = flow.received.packets.saturating_add(1);
        let request = flow.icmp;
        if outcome == Outcome::Rejected || request.is_none() {
            flow.icmp = Some(vedette_event::Icmp { kind: message.kind, code: message.code, v6: message.v6 });
        }
        self.decide(at, outcome, out);
        self.settle(at, State::Done);
    }
}

/// Unreachable is type 3 for IPv4 and 1 for IPv6. Code 2 (IPv4) and "unrecognised next header"
/// (IPv6 parameter problem) are for protocols what port unreachable is for ports.
fn verdict(message: Icmp) -> Verdict {
    match (message.v6, message.kind, message.code) {
        (false, 3, 2 | 3) | (true, 1, 4) | (true, 4, 1) => Verdict::Closed,
        // Fragmentation needed.
        (false, 3, 4) => Verdict::Other,
        (false, 3, _) | (true, 1, _) => Verdict::Unreachable,
        _ => Verdict::Other,
    }
}

/// The key of the quoted packet's flow, and whether its source is the lower end.
fn quoted_key(quoted: &Embedded) -> Option<(Key, bool)> {
    let source = (quoted.source, quoted.source_port);
    let target = (quoted.target, quoted.target_port);
    match (quoted.protocol, quoted.icmp) {
        (6 | 17 | 132, _) => Some(Key::new(source, target, u16::from(quoted.protocol))),
        (_, Some(message)) => {
            let (request, asks) = message.query()?;
            let kind = ICMP_QUERY | u16::from(request);
            let (asker, asked) =
                if asks { (quoted.source, quoted.target) } else { (quoted.target, quoted.source) };
            let (key, asker_low) = Key::with_roles(asker, asked, message.id, kind);
            Some((key, asker_low == asks))
        }
        (protocol, None) => {
            Some(Key::new((quoted.source, 0), (quoted.target, 0), OTHER | u16::from(protocol)))
        }
    }
}
