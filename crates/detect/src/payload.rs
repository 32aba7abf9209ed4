//! First words that scanners say to a service, told at the end of a flow.
//!
//! Belongs here: one row a payload, by its length and first 16 bytes. Does not belong here: what
//! follows from them. Real clients of these protocols send other lengths or other values; rows
//! that a plain client could send (a bare HTTP/1.0 request) weigh least.

use vedette_event::{Agent, Event, EventKind, Transport};

/// What a payload is sent for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Purpose {
    Version,
    Script,
}

pub(crate) struct Payload {
    /// Length of the whole payload; 0 for any.
    length: u16,
    prefix: &'static [u8],
    /// The user agent it must name, whatever the prefix.
    agent: Option<Agent>,
    pub(crate) purpose: Purpose,
    /// See [`crate::evidence`]: nats the first time that a source says it.
    pub(crate) weight: f32,
}

const fn version(length: u16, prefix: &'static [u8], weight: f32) -> Payload {
    Payload { length, prefix, agent: None, purpose: Purpose::Version, weight }
}

const fn script(prefix: &'static [u8]) -> Payload {
    Payload { length: 0, prefix, agent: None, purpose: Purpose::Script, weight: NAMES_ITSELF }
}

const fn named(agent: Agent, purpose: Purpose) -> Payload {
    Payload { length: 0, prefix: b"", agent: Some(agent), purpose, weight: SAYS_SO }
}

/// It tells the server that it is a scanner. A client that is none does so less than once in a million
/// sources, a scan with scripts or banners on HTTP every other time: e^9.5 is a cautious 13,000.
pub(crate) const SAYS_SO: f32 = 9.5;
/// Nobody else says it: the tool's own name, or constants of its author's choice.
const NAMES_ITSELF: f32 = 3.0;
pub(crate) const CONSTANT: f32 = 2.5;
/// A valid opening of the protocol that its clients do not use.
const UNUSUAL: f32 = 1.5;
/// Old or simple clients say it too.
const PLAIN: f32 = 0.7;

/// nmap's service probes and scripts (7.9x), as seen on the wire.
pub(crate) const PAYLOADS: [Payload; 26] = [
    version(4, b"\r\n\r\n", UNUSUAL),
    version(18, b"GET / HTTP/1.0\r\n", PLAIN),
    version(22, b"OPTIONS / HTTP/1", UNUSUAL),
    version(22, b"OPTIONS / RTSP/1", UNUSUAL),
    version(44, b"\x80\0\0\x28\x72\xfe\x1d\x13", CONSTANT),
    version(32, b"\0\x1e\0\x06\x01\0\0\x01\0\0\0\0\0\0\x07v", CONSTANT),
    version(14, b"\0\x0c\0\0\x10\0\0\0", UNUSUAL),
    version(6, b"HELP\r\n", PLAIN),
    version(88, b"\x16\x03\0\0S\x01\0\0O\x03\0?G\xd7\xf7\xba", CONSTANT),
    version(110, b"\x16\x03\0\0i\x01\0\0e\x03\x03U\x1c\xa7\xe4r", CONSTANT),
    version(42, b"\x03\0\0*%\xe0\0\0\0\0\0Cooki", CONSTANT),
    version(117, b"\0\0\0\x71\x6a\x81\x6e\x30\x81\x6b", CONSTANT),
    version(168, b"\0\0\0\xa4\xff\x53\x4d\x42\x72\0\0\0\0\x08\x01\x40", UNUSUAL),
    version(12, b"\x6c\0\x0b\0\0\0\0\0\0\0\0\0", UNUSUAL),
    version(53, b"GET /nice%20port", NAMES_ITSELF),
    version(9, b"\x01default\n", UNUSUAL),
    version(223, b"OPTIONS sip:nm S", NAMES_ITSELF),
    version(14, b"\x30\x0c\x02\x01\x01\x60\x07\x02", UNUSUAL),
    script(b"SSH-2.0-Nmap-SSH"),
    script(b"SSH-1.5-Nmap-SSH"),
    script(b"GET /nmaplowerch"),
    script(b"GET /NmapUpperCh"),
    script(b"GET /Nmap/folder"),
    named(Agent::NmapScripts, Purpose::Script),
    named(Agent::Masscan, Purpose::Version),
    named(Agent::Zgrab, Purpose::Version),
];

/// Beside the rows as bits: in some conversation the target spoke and the source only listened.
pub(crate) const LISTENED: u32 = 1 << 31;

/// Beside them too: it reset a service that answered a SYN made by hand, and then came back with a
/// connection of its stack. Who checks half-open has no need to, and a client has no need to check: both
/// together is how a version detection or a script begins.
pub(crate) const RETURNED: u32 = 1 << 30;
/// What that weighs, see [`crate::evidence`]: less than once in a thousand sources.
pub(crate) const RETURNS: f32 = 7.0;

/// A NetBIOS node status request for any name ("*"): what nbtscan and nmap's scripts sweep with.
pub(crate) fn asks_who_is_there(event: &Event) -> bool {
    event.transport == Transport::Udp
        && event.target_port == 137
        && event.first.payload_prefix().get(12..16) == Some(b"\x20CKA")
}

/// What nmap (7.9x) asks of datagram services, where its author chose a constant that clients do not
/// send. Its NTP question is left out: other clients send the same.
const QUESTIONS: [(u16, &[u8]); 8] = [
    (53, b"\x77\x77\x01\0\0\x01\0\0\0\0\0\0\x07ver"),
    (53, b"\0\0\x10\0\0\0\0\0\0\0\0\0"),
    (67, b"\x01\x01\x06\0\x01\x23\x45\x67"),
    (111, b"\x72\xfe\x1d\x13\0\0\0\0\0\0\0\x02"),
    (123, b"\xd9\0\x0a\xfa\0\0\0\0\0\x01\x04\0"),
    (137, b"\x80\xf0\0\x10\0\x01"),
    (161, b"\x30\x3a\x02\x01\x03\x30\x0f\x02\x02\x4a\x69"),
    (4500, b"\x31\x27\xfc\xb0\x38\x10\x9e\x89"),
];

/// A question of nmap's UDP scan.
pub(crate) fn is_nmap_question(event: &Event) -> bool {
    let asked = event.first.payload_prefix();
    event.transport == Transport::Udp
        && QUESTIONS.iter().any(|&(port, question)| port == event.target_port && asked.starts_with(question))
}

/// An answer by its own words, from the port of a service that answers: of names (the bit that says response),
/// clocks (mode 4 to 7), SSDP, LDAP and memcached. Nobody asks like this, so where it comes to hosts that did not ask,
/// somebody else asked in their name.
pub(crate) fn is_answer(event: &Event) -> bool {
    let said = event.first.payload_prefix();
    event.transport == Transport::Udp
        && event.source_port != event.target_port
        && match event.source_port {
            53 | 5353 => event.first.payload_len >= 12 && said.get(2).is_some_and(|flags| flags & 0x80 != 0),
            123 => said.first().is_some_and(|&first| first & 7 >= 4),
            1900 => said.starts_with(b"HTTP/1.1 200"),
            389 => said.first() == Some(&0x30) && event.first.payload_len >= ANSWERS_AT_LENGTH,
            11_211 => said.get(8..11) == Some(b"STA") || event.first.payload_len >= ANSWERS_AT_LENGTH,
            19 | 111 | 161 | 3_702 => event.first.payload_len >= ANSWERS_AT_LENGTH,
            _ => false,
        }
}

/// What services that are used to amplify say at least; questions of scanners are shorter.
const ANSWERS_AT_LENGTH: u16 = 200;

/// The row that the source's first payload in a flow fits.
pub(crate) fn of(event: &Event) -> Option<usize> {
    if event.kind != EventKind::FlowEnd || event.transport != Transport::Tcp {
        return None;
    }
    let (length, prefix) = (event.first.payload_len, event.first.payload_prefix());
    let fits = |row: &Payload| match row.agent {
        Some(agent) => event.first.agent == Some(agent),
        None => (row.length == 0 || row.length == length) && prefix.starts_with(row.prefix),
    };
    // Who names itself has said more than what it asks for.
    let names_itself = |row: &Payload| row.agent.is_some() && fits(row);
    PAYLOADS.iter().position(names_itself).or_else(|| PAYLOADS.iter().position(fits))
}

/// Of rows as bits, the scanner that named itself.
pub(crate) fn self_named(bits: u32) -> Option<&'static str> {
    let said = PAYLOADS.iter().enumerate().filter(|(row, _)| bits & (1 << row) != 0);
    said.filter_map(|(_, payload)| payload.agent).next().map(|agent| match agent {
        Agent::NmapScripts => "nmap",
        Agent::Masscan => "masscan",
        Agent::Zgrab => "zgrab",
    })
}

/// Of rows as bits, those sent for a purpose.
pub(crate) fn count(bits: u32, purpose: Purpose) -> usize {
    PAYLOADS
        .iter()
        .enumerate()
        .filter(|&(row, payload)| bits & (1 << row) != 0 && payload.purpose == purpose)
        .count()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::syn;

    #[test]
    fn by_length_and_first_bytes() {
        let mut event = syn("10.0.0.9", "10.0.0.5", 80);
        event.kind = EventKind::FlowEnd;
        let mut say = |text: &[u8], length: u16| {
            event.first.payload_prefix[..text.len()].copy_from_slice(text);
            event.first.payload_prefix_len = text.len() as u8;
            event.first.payload_len = length;
            of(&event)
        };
        assert_eq!(say(b"GET / HTTP/1.0\r\n", 18), Some(1));
        assert_eq!(say(b"GET / HTTP/1.0\r\n", 80), None, "a client says more");
        assert_eq!(say(b"SSH-2.0-Nmap-SSH", 27).map(|row| PAYLOADS[row].purpose), Some(Purpose::Script));
        assert_eq!(say(b"", 0), None);
        event.first.agent = Some(Agent::NmapScripts);
        event.first.payload_len = 170;
        assert_eq!(of(&event).map(|row| PAYLOADS[row].agent), Some(Some(Agent::NmapScripts)));
    }
}
