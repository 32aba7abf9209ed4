//! One flow: what was seen of it so far.

use super::key::Key;
use crate::packet::{Body, Packet, Way};
use vedette_event::{Agent, Closing, FirstPacket, Icmp, Outcome, Time, Volume, flag};

/// What the first packet was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Opening {
    /// TCP SYN; SCTP INIT; a UDP datagram, an ICMP query, an ARP request, …
    Request,
    /// TCP flags that neither open nor continue anything (no ACK), or an SCTP COOKIE-ECHO.
    Probe,
    /// Could be the middle of a conversation.
    Middle,
    /// A SYN-ACK.
    SynAck,
    /// Other answers: nothing is expected to follow.
    Answer,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    Pending,
    HalfOpen,
    Open,
    Done,
}

#[derive(Clone, Copy, Debug)]
pub struct Flow {
    pub key: Key,
    /// The sender of the first packet is the lower end of the key.
    pub source_low: bool,
    pub opening: Opening,
    pub state: State,
    /// As emitted; meaningless before.
    pub outcome: Outcome,
    pub closing: Closing,
    /// TCP: the source completed the handshake.
    pub completed: bool,
    /// The source went on, before any answer, with something other than a repetition; after a SYN, with
    /// an acknowledgement of what was not seen.
    pub progressed: bool,
    /// FIN seen from the source and from the target.
    pub fin: [bool; 2],
    pub way: Way,
    pub source_mac: Option<[u8; 6]>,
    pub vlan: Option<u16>,
    pub icmp: Option<Icmp>,
    pub interface: u32,
    pub retries: u16,
    /// Packets of both sides that the attempt's event told of.
    pub told: u32,
    pub began: Time,
    pub last: Time,
    pub sent: Volume,
    pub received: Volume,
    pub first: FirstPacket,
}

impl Flow {
    pub fn new(key: Key, source_low: bool, opening: Opening, packet: &Packet<'_>) -> Flow {
        Flow {
            key,
            source_low,
            opening,
            state: State::Pending,
            outcome: Outcome::Unanswered,
            closing: Closing::Open,
            completed: false,
            progressed: false,
            fin: [false; 2],
            way: packet.way,
            source_mac: packet.source_mac,
            vlan: packet.vlan,
            icmp: icmp(packet),
            interface: packet.interface,
            retries: 0,
            told: 0,
            began: packet.time,
            last: packet.time,
            sent: Volume { packets: 1, bytes: u64::from(packet.payload_len()) },
            received: Volume::default(),
            first: first_packet(packet),
        }
    }

    /// Counts a packet of one side.
    #[inline]
    pub fn count(&mut self, from_source: bool, packet: &Packet<'_>) {
        self.last = self.last.max(packet.time);
        let side = if from_source { &mut self.sent } else { &mut self.received };
        side.packets = side.packets.saturating_add(1);
        side.bytes = side.bytes.saturating_add(u64::from(packet.payload_len()));
    }

    pub fn packets(&self) -> u32 {
        self.sent.packets.saturating_add(self.received.packets)
    }

    /// The first payload of the source, for the end of the flow.
    #[inline]
    pub fn keep_prefix(&mut self, packet: &Packet<'_>) {
        if self.first.payload_prefix_len == 0 && packet.payload_len() > 0 {
            set_payload(&mut self.first, packet);
        }
    }

    /// The packet repeats the first one.
    pub fn repeats_first(&self, packet: &Packet<'_>) -> bool {
        let payload = packet.payload();
        let same_prefix = payload.starts_with(self.first.payload_prefix());
        let same_length = packet.payload_len().min(0xffff) as u16 == self.first.payload_len;
        match packet.body {
            Body::Tcp(tcp) => {
                let same = tcp.flags == self.first.tcp_flags && tcp.sequence == self.first.sequence;
                // A flow's later payload may have taken the place of its SYN's.
                same && (same_length || tcp.flags & flag::SYN != 0)
            }
            _ => same_length && same_prefix,
        }
    }
}

fn icmp(packet: &Packet<'_>) -> Option<Icmp> {
    match packet.body {
        Body::Icmp(message) => Some(Icmp { kind: message.kind, code: message.code, v6: message.v6 }),
        _ => None,
    }
}

fn set_payload(first: &mut FirstPacket, packet: &Packet<'_>) {
    let payload = packet.payload();
    let kept = payload.len().min(first.payload_prefix.len());
    first.payload_prefix[..kept].copy_from_slice(&payload[..kept]);
    first.payload_prefix_len = kept as u8;
    first.payload_len = packet.payload_len().min(0xffff) as u16;
    first.agent = agent(payload);
}

/// Bytes of a request in which the header is looked for.
const REQUEST: usize = 1024;
const AGENTS: [(&[u8], Agent); 3] = [
    (b"Nmap Scripting Engine", Agent::NmapScripts),
    (b"masscan/", Agent::Masscan),
    (b"zgrab/", Agent::Zgrab),
];

/// The scanner that an HTTP request names as its user agent.
fn agent(payload: &[u8]) -> Option<Agent> {
    const HEADER: &[u8] = b"\r\nuser-agent:";
    const METHODS: [&[u8]; 5] = [b"GET ", b"HEAD ", b"POST ", b"OPTIONS ", b"PROPFIND "];
    if !METHODS.iter().any(|method| payload.starts_with(method)) {
        return None;
    }
    let request = &payload[..payload.len().min(REQUEST)];
    let same = |window: &[u8]| window.eq_ignore_ascii_case(HEADER);
    let begin = request.windows(HEADER.len()).position(same)? + HEADER.len();
    let rest = &request[begin..];
    let line = &rest[..rest.iter().position(|byte| *byte == b'\r').unwrap_or(rest.len())];
    let named = |name: &[u8]| line.windows(name.len()).any(|window| window == name);
    AGENTS.iter().find(|(name, _)| named(name)).map(|(_, agent)| *agent)
}

/// What fingerprints are made of.
pub fn first_packet(packet: &Packet<'_>) -> FirstPacket {
    let mut first = FirstPacket {
        ttl: packet.ip.ttl,
        ip_id: packet.ip.id,
        dont_fragment: packet.ip.dont_fragment,
        fragmented: packet.ip.fragmented,
        bad_checksum: packet.bad_checksum(),
        ip_options: packet.ip.options,
        ..FirstPacket::default()
    };
    if let Body::Tcp(tcp) = packet.body {
        let options = packet.tcp_options();
        first.tcp_flags = tcp.flags;
        first.window = tcp.window;
        first.sequence = tcp.sequence;
        first.acknowledgement = tcp.acknowledgement;
        first.urgent = tcp.urgent;
        first.mss = options.mss;
        first.options = options.kinds;
        // The capture was cut inside the options, before any that shows a stack.
        first.partial = usize::from(tcp.header_len) > packet.segment.len() && !first.shows_stack();
    }
    set_payload(&mut first, packet);
    first
}
