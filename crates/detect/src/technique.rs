//! What kind of probe a first packet is, from its transport and flags alone.

use serde::{Deserialize, Serialize};
use vedette_event::{Event, ScanType, Transport, flag};

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[repr(u8)]
pub(crate) enum Technique {
    Syn,
    Fin,
    Null,
    Xmas,
    /// ACK without data. Window scans send the same packet: they differ in what the scanner
    /// reads from the answer.
    Ack,
    /// FIN and ACK without data.
    Maimon,
    /// A combination of flags that no stack sends.
    OddFlags,
    Udp,
    SctpInit,
    SctpCookieEcho,
    IpProtocol,
    Echo,
    /// Timestamp, address mask or information request.
    IcmpQuery,
    Arp,
    /// SYN and ACK from a port of clients to one of servers: an answer that nobody can have asked for.
    SynAck,
    /// Not a probe: an answer that nobody asked for.
    Answer,
}

pub(crate) const TECHNIQUES: usize = Technique::Answer as usize + 1;

impl Technique {
    pub(crate) const ALL: [Technique; TECHNIQUES] = [
        Technique::Syn,
        Technique::Fin,
        Technique::Null,
        Technique::Xmas,
        Technique::Ack,
        Technique::Maimon,
        Technique::OddFlags,
        Technique::Udp,
        Technique::SctpInit,
        Technique::SctpCookieEcho,
        Technique::IpProtocol,
        Technique::Echo,
        Technique::IcmpQuery,
        Technique::Arp,
        Technique::SynAck,
        Technique::Answer,
    ];

    /// The technique of an attempt's first packet; `None` when it probes nothing: data of a
    /// conversation, or an answer.
    pub(crate) fn of(event: &Event) -> Option<Technique> {
        match event.transport {
            Transport::Tcp if is_reversed(event) => Some(Technique::SynAck),
            Transport::Tcp => Technique::of_flags(event.first.tcp_flags, event.first.payload_len),
            Transport::Udp => Some(Technique::Udp),
            // The payload of an SCTP packet begins with its first chunk, whose type is one byte.
            Transport::Sctp => match event.first.payload_prefix().first() {
                Some(10) => Some(Technique::SctpCookieEcho),
                _ => Some(Technique::SctpInit),
            },
            Transport::Icmp => match event.icmp.map(|icmp| (icmp.v6, icmp.kind)) {
                None | Some((false, 8)) | Some((true, 128)) => Some(Technique::Echo),
                Some((false, 13 | 15 | 17)) => Some(Technique::IcmpQuery),
                // A rejected ping carries the type of the error.
                Some((false, 3 | 11)) | Some((true, 1 | 3)) => Some(Technique::Echo),
                Some(_) => None,
            },
            Transport::Arp => Some(Technique::Arp),
            Transport::Ip(_) => Some(Technique::IpProtocol),
        }
    }

    fn of_flags(flags: u16, payload: u16) -> Option<Technique> {
        const ALL: u16 = flag::FIN | flag::SYN | flag::RST | flag::PSH | flag::ACK | flag::URG;
        const XMAS: u16 = flag::FIN | flag::PSH | flag::URG;
        const FIN_ACK: u16 = flag::FIN | flag::ACK;
        const SYN_ACK: u16 = flag::SYN | flag::ACK;
        // PSH and URG on an acknowledgement are how data travels; without data they are nothing.
        const DATA: u16 = flag::PSH | flag::URG;
        let flags = if flags & flag::ACK != 0 && payload == 0 { flags & !DATA } else { flags };
        match flags & ALL {
            flag::SYN => Some(Technique::Syn),
            flag::FIN => Some(Technique::Fin),
            0 => Some(Technique::Null),
            XMAS => Some(Technique::Xmas),
            flag::ACK => (payload == 0).then_some(Technique::Ack),
            FIN_ACK => (payload == 0).then_some(Technique::Maimon),
            SYN_ACK => None,
            // A reset that also opens or closes, or is urgent, is nobody's answer. Some stacks acknowledge
            // and close with their resets.
            other if other & flag::RST != 0 => {
                let odd =
                    other & (flag::SYN | flag::URG) != 0 || other & (flag::FIN | flag::ACK) == flag::FIN;
                odd.then_some(Technique::OddFlags)
            }
            other if other & (flag::SYN | flag::ACK) == flag::ACK => None,
            _ => Some(Technique::OddFlags),
        }
    }

    /// No conversation starts, goes on or ends with such a packet.
    pub(crate) fn is_illegal(self) -> bool {
        matches!(self, Technique::Fin | Technique::Null | Technique::Xmas | Technique::OddFlags)
    }

    /// It asks whether a host is there, not what it serves.
    pub(crate) fn is_sweep(self) -> bool {
        matches!(self, Technique::Echo | Technique::IcmpQuery | Technique::Arp)
    }

    pub(crate) fn has_ports(self) -> bool {
        !self.is_sweep() && self != Technique::IpProtocol
    }

    /// The name in a detection; a SYN may also have come from `connect()`, which the campaign
    /// decides from all it saw.
    pub(crate) fn scan_type(self) -> Option<ScanType> {
        Some(match self {
            Technique::Syn => ScanType::TcpSyn,
            Technique::Fin => ScanType::TcpFin,
            Technique::Null => ScanType::TcpNull,
            Technique::Xmas => ScanType::TcpXmas,
            Technique::Ack => ScanType::TcpAck,
            Technique::Maimon => ScanType::TcpMaimon,
            Technique::OddFlags | Technique::SynAck => ScanType::TcpOther,
            Technique::Udp => ScanType::Udp,
            Technique::SctpInit => ScanType::SctpInit,
            Technique::SctpCookieEcho => ScanType::SctpCookieEcho,
            Technique::IpProtocol => ScanType::IpProtocol,
            Technique::Echo | Technique::IcmpQuery => ScanType::PingSweep,
            Technique::Arp => ScanType::ArpSweep,
            Technique::Answer => return None,
        })
    }
}

/// Who answers does so from the port of a service to the port of a client.
fn is_reversed(event: &Event) -> bool {
    const FIRST_CLIENT_PORT: u16 = 1_024;
    event.first.tcp_flags & (flag::SYN | flag::ACK | flag::RST | flag::FIN) == flag::SYN | flag::ACK
        && event.source_port >= FIRST_CLIENT_PORT
        && event.target_port < FIRST_CLIENT_PORT
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::syn;

    #[test]
    fn an_answer_from_a_client_to_a_server_is_a_probe() {
        let mut event = syn("10.0.0.9", "10.0.0.5", 80);
        event.first.tcp_flags = flag::SYN | flag::ACK;
        event.source_port = 40_000;
        assert_eq!(Technique::of(&event), Some(Technique::SynAck));
        (event.source_port, event.target_port) = (80, 40_000);
        assert_eq!(Technique::of(&event), None, "an answer");
        (event.source_port, event.target_port) = (6_881, 51_413);
        assert_eq!(Technique::of(&event), None, "peers");
    }

    #[test]
    fn flags_name_the_technique() {
        let of = |flags| Technique::of_flags(flags, 0);
        assert_eq!(of(flag::SYN), Some(Technique::Syn));
        assert_eq!(of(flag::SYN | flag::ECE | flag::CWR), Some(Technique::Syn));
        assert_eq!(of(flag::FIN), Some(Technique::Fin));
        assert_eq!(of(0), Some(Technique::Null));
        assert_eq!(of(flag::FIN | flag::PSH | flag::URG), Some(Technique::Xmas));
        assert_eq!(of(flag::ACK), Some(Technique::Ack));
        assert_eq!(of(flag::ACK | flag::FIN), Some(Technique::Maimon));
        assert_eq!(of(flag::SYN | flag::FIN), Some(Technique::OddFlags));
        assert_eq!(of(flag::SYN | flag::FIN | flag::PSH | flag::URG), Some(Technique::OddFlags));
        assert_eq!(of(flag::URG), Some(Technique::OddFlags));
        assert_eq!(of(flag::SYN | flag::RST), Some(Technique::OddFlags));
        assert_eq!(of(0x3f), Some(Technique::OddFlags));
    }

    #[test]
    fn answers_and_data_are_no_probes() {
        assert_eq!(Technique::of_flags(flag::SYN | flag::ACK, 0), None);
        assert_eq!(Technique::of_flags(flag::RST, 0), None);
        assert_eq!(Technique::of_flags(flag::RST | flag::ACK, 0), None);
        assert_eq!(Technique::of_flags(flag::RST | flag::ACK | flag::FIN, 0), None);
        assert_eq!(Technique::of_flags(flag::RST | flag::ACK | flag::PSH, 0), None);
        assert_eq!(Technique::of_flags(flag::ACK | flag::PSH, 12), None);
        assert_eq!(Technique::of_flags(flag::ACK | flag::URG, 0), Some(Technique::Ack));
        assert_eq!(Technique::of_flags(flag::ACK, 1), None, "a keep-alive may carry a byte");
    }

    #[test]
    fn the_list_of_all_is_in_order() {
        for (position, technique) in Technique::ALL.into_iter().enumerate() {
            assert_eq!(technique as usize, position);
        }
    }
}
