//! What became of a connection, from what a log of flows tells: flags and volumes of both sides.
//!
//! The flags are those of all packets of a side together. A client that opened a connection has
//! sent ACK; who scans half-open has not. Where only one side is told, silence of the other is
//! believed only if the exporter tells both sides of others.

use vedette_event::{Closing, Event, EventKind, Icmp, Observation, Outcome, Time, Transport, Volume, flag};

/// Packets up to which a flow without SYN may be a probe rather than the rest of a conversation.
const PROBE_PACKETS: u32 = 3;

/// One flow, both sides. Bytes are payload.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Sides {
    pub(crate) sent: Volume,
    pub(crate) received: Volume,
    /// TCP flags of all packets of a side; `None` where they are not told.
    pub(crate) sent_flags: Option<u16>,
    pub(crate) received_flags: Option<u16>,
}

/// What became of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Fate {
    pub(crate) outcome: Outcome,
    pub(crate) handshake: bool,
    pub(crate) closing: Closing,
    /// Of the first packet.
    pub(crate) flags: u16,
}

impl Fate {
    pub(crate) fn of(outcome: Outcome) -> Fate {
        Fate { outcome, handshake: false, closing: Closing::Open, flags: flag::SYN }
    }

    pub(crate) fn opened(closing: Closing) -> Fate {
        Fate { handshake: true, closing, ..Fate::of(Outcome::Accepted) }
    }
}

/// What became of a flow.
pub(crate) fn decide(transport: Transport, sides: &Sides) -> Fate {
    let answered = sides.received.packets > 0;
    match (transport, sides.sent_flags) {
        (Transport::Tcp, Some(sent)) => tcp(sent, sides),
        (Transport::Tcp, None) => match (sides.sent.bytes > 0, sides.received.bytes > 0) {
            (true, true) => Fate::opened(Closing::Open),
            _ if answered => Fate::of(Outcome::Unknown),
            _ => Fate::of(Outcome::Unanswered),
        },
        _ if answered => Fate::of(Outcome::Accepted),
        _ => Fate::of(Outcome::Unanswered),
    }
}

fn tcp(sent: u16, sides: &Sides) -> Fate {
    const KINDS: u16 = flag::FIN | flag::SYN | flag::RST | flag::PSH | flag::ACK | flag::URG;
    let sent = sent & KINDS;
    let received = sides.received_flags.unwrap_or(0);
    let answered = sides.received.packets > 0;
    let (syn, ack, rst) = (sent & flag::SYN != 0, sent & flag::ACK != 0, sent & flag::RST != 0);
    let refused = received & flag::RST != 0 && received & flag::SYN == 0;
    let failed = if refused { Outcome::Refused } else { Outcome::Unanswered };
    let probe = sides.sent.packets <= PROBE_PACKETS && sides.sent.bytes == 0 && (refused || !answered);
    match (syn, ack) {
        (true, false) if sent & (flag::FIN | flag::PSH | flag::URG) != 0 => {
            Fate { flags: sent, ..Fate::of(failed) }
        }
        (true, _) if received & flag::SYN != 0 => {
            let closing = closing(sent, received);
            Fate { handshake: ack, closing, ..Fate::of(Outcome::Accepted) }
        }
        (true, false) if refused || !answered => Fate::of(failed),
        // The handshake went on, so it was answered where this log does not see.
        (true, _) => Fate::of(Outcome::MidStream),
        (false, false) if probe && !rst => Fate { flags: sent, ..Fate::of(failed) },
        (false, true) if probe && !rst && sent & flag::PSH == 0 => Fate { flags: sent, ..Fate::of(failed) },
        (false, _) if rst && !answered => Fate { flags: sent, ..Fate::of(Outcome::Unsolicited) },
        _ => Fate { flags: sent, ..Fate::of(Outcome::MidStream) },
    }
}

fn closing(sent: u16, received: u16) -> Closing {
    if sent & flag::RST != 0 {
        Closing::ResetBySource
    } else if received & flag::RST != 0 {
        Closing::ResetByTarget
    } else if (sent | received) & flag::FIN != 0 {
        Closing::Fin
    } else {
        Closing::Open
    }
}

/// Payload bytes of a side whose log counts headers too: what lies beyond the largest headers its
/// packets may have had, and at least one byte where PSH shows that there was payload.
pub(crate) fn payload_beyond(bytes: u64, packets: u64, header: u64, flags: Option<u16>) -> Volume {
    let beyond = bytes.saturating_sub(packets.saturating_mul(header));
    let pushed = flags.is_some_and(|flags| flags & flag::PSH != 0 && flags & flag::ACK != 0);
    Volume {
        packets: u32::try_from(packets).unwrap_or(u32::MAX),
        bytes: if pushed { beyond.max(1) } else { beyond },
    }
}

/// The attempt with its fate, and the end of the connection where there was one. Both are known
/// at `end`, when the log told them.
pub(crate) fn reported(mut event: Event, fate: Fate, sides: &Sides, end: Time) -> Vec<Observation> {
    let end = end.max(event.time);
    let length = end.since(event.time);
    if event.transport == Transport::Tcp {
        event.first.tcp_flags = fate.flags;
    }
    event.outcome = fate.outcome;
    event.handshake_completed = fate.handshake;
    event.closing = if fate.handshake { Closing::Open } else { fate.closing };
    (event.sent, event.received) = (sides.sent, sides.received);
    (event.decided, event.duration) = (end, length);
    if event.transport == Transport::Icmp && fate.outcome == Outcome::Accepted {
        event.icmp = event.icmp.or(Some(Icmp { kind: 8, code: 0, v6: event.source.is_ipv6() }));
    }
    if !fate.handshake {
        return vec![Observation::Attempt(event)];
    }
    let over = Event { kind: EventKind::FlowEnd, time: end, closing: fate.closing, ..event.clone() };
    vec![Observation::Attempt(event), Observation::Attempt(over)]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(sent: u16, received: u16, answered: u32) -> Fate {
        let sides = Sides {
            sent: Volume { packets: 1, bytes: 0 },
            received: Volume { packets: answered, bytes: 0 },
            sent_flags: Some(sent),
            received_flags: Some(received),
        };
        decide(Transport::Tcp, &sides)
    }

    #[test]
    fn flags_of_both_sides_tell_the_fate() {
        use flag::{ACK, FIN, PSH, RST, SYN, URG};
        assert_eq!(of(SYN, 0, 0), Fate::of(Outcome::Unanswered));
        assert_eq!(of(SYN, RST | ACK, 1), Fate::of(Outcome::Refused));
        let half_open = of(SYN | RST, SYN | ACK, 1);
        assert_eq!((half_open.outcome, half_open.handshake), (Outcome::Accepted, false));
        assert_eq!(half_open.closing, Closing::ResetBySource);
        assert_eq!(of(SYN | ACK | PSH | FIN, SYN | ACK | FIN, 4), Fate::opened(Closing::Fin));
        assert_eq!(of(SYN | ACK, 0, 0).outcome, Outcome::MidStream, "it was answered out of sight");
        assert_eq!(of(FIN | PSH | URG, 0, 0).flags, FIN | PSH | URG);
        assert_eq!(of(FIN | PSH | URG, RST | ACK, 1).outcome, Outcome::Refused);
        assert_eq!(of(ACK, RST, 1).outcome, Outcome::Refused);
        assert_eq!(of(ACK | PSH, 0, 0).outcome, Outcome::MidStream);
        assert_eq!(of(RST | ACK, 0, 0).outcome, Outcome::Unsolicited);
        assert_eq!(of(ACK, ACK, 3).outcome, Outcome::MidStream);
    }

    #[test]
    fn headers_are_no_payload() {
        assert_eq!(payload_beyond(120, 2, 60, None).bytes, 0);
        assert_eq!(payload_beyond(121, 2, 60, None).bytes, 1);
        assert_eq!(payload_beyond(60, 1, 60, Some(flag::PSH | flag::ACK)).bytes, 1);
    }
}
