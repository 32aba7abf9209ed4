//! What one first contact says about its sender: the weights, each with its reason.
//!
//! A weight is a log-likelihood ratio in nats: ln(P(seen | scanner) / P(seen | benign)). The two
//! probabilities are those of a *first* contact with a (target, port, technique), as in the
//! sequential test of Jung et al. (2004), whose published values (a benign first contact
//! succeeds 8 times in 10, a scanner's 2 times in 10) are the starting point. Adding weights is
//! deciding by the product of the ratios.
//!
//! Belongs here: numbers and how they combine. Does not belong here: state, time, thresholds.

use crate::networks::Crossing;
use crate::source::LineKey;
use crate::technique::Technique;
use serde::{Deserialize, Serialize};
use vedette_event::{Closing, Event, EventKind, Outcome};

/// What came of a first contact, as far as is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[repr(u8)]
pub(crate) enum Answer {
    /// Accepted; what was said is known when the flow ends.
    Pending,
    Refused,
    Rejected,
    Unanswered,
    /// The source reset what it had asked for, without finishing the handshake.
    HalfOpen,
    /// The target accepted, the source was never heard again.
    NeverFinished,
    /// Connected and closed without a byte either way.
    Silent,
    /// The same, but reset rather than closed, by the source.
    Aborted,
    /// The target spoke, the source did not.
    Greeted,
    /// The source spoke, the target did not.
    Unheard,
    /// Both spoke.
    Talked,
    /// Answered a request that needs no more than an answer (ping, ARP, UDP).
    Answered,
    /// Nothing was asked (see [`Technique::Answer`]).
    Unasked,
    /// Who saw it does not know what came of it.
    Unknown,
}

impl Answer {
    pub(crate) fn of(event: &Event, technique: Technique) -> Answer {
        match event.outcome {
            Outcome::Refused => Answer::Refused,
            Outcome::Rejected => Answer::Rejected,
            Outcome::Unanswered => Answer::Unanswered,
            Outcome::MidStream | Outcome::Unsolicited => Answer::Unasked,
            Outcome::Unknown => Answer::Unknown,
            Outcome::Accepted if technique == Technique::Syn => Answer::of_accepted_tcp(event),
            Outcome::Accepted if technique == Technique::Udp => {
                if event.sent.bytes > 0 && event.received.bytes > 0 {
                    Answer::Talked
                } else {
                    Answer::Answered
                }
            }
            Outcome::Accepted => Answer::Answered,
        }
    }

    fn of_accepted_tcp(event: &Event) -> Answer {
        let ended = event.kind == EventKind::FlowEnd;
        match (event.handshake_completed, event.sent.bytes > 0, event.received.bytes > 0) {
            (false, ..) if event.closing == Closing::ResetBySource => Answer::HalfOpen,
            // The attempt's event comes after the handshake, or after half a second without it.
            (false, false, false) => Answer::NeverFinished,
            (true, true, true) => Answer::Talked,
            _ if !ended => Answer::Pending,
            (_, false, false) if event.closing == Closing::ResetBySource => Answer::Aborted,
            (_, false, false) => Answer::Silent,
            (_, false, true) => Answer::Greeted,
            (_, true, _) => Answer::Unheard,
        }
    }

    /// An open port was found.
    pub(crate) fn is_open(self) -> bool {
        !self.is_unknown()
            && !matches!(self, Answer::Refused | Answer::Rejected | Answer::Unanswered | Answer::Unasked)
    }

    /// The end of a connection whose handshake the source completed.
    pub(crate) fn is_finished(self) -> bool {
        matches!(self, Answer::Silent | Answer::Aborted | Answer::Greeted | Answer::Unheard | Answer::Talked)
    }

    /// A connection was finished, and its source said nothing.
    pub(crate) fn is_quiet(self) -> bool {
        matches!(self, Answer::Silent | Answer::Greeted | Answer::Aborted)
    }

    pub(crate) fn is_unknown(self) -> bool {
        self == Answer::Unknown
    }

    /// It got nothing out of the target.
    pub(crate) fn is_failure(self) -> bool {
        matches!(self, Answer::Refused | Answer::Rejected | Answer::Unanswered | Answer::NeverFinished)
    }

    /// As the reasons of an alert put it.
    pub(crate) fn words(self) -> &'static str {
        match self {
            Answer::Pending | Answer::Answered => "accepted",
            Answer::Refused => "refused",
            Answer::Rejected => "rejected by ICMP",
            Answer::Unanswered => "unanswered",
            Answer::HalfOpen => "reset by the source right after the answer (half-open)",
            Answer::NeverFinished => "answered but never finished by the source",
            Answer::Aborted => "opened and reset by the source without a word",
            Answer::Silent => "opened and closed without a word",
            Answer::Greeted => "opened, the greeting read, nothing said",
            Answer::Unheard => "spoken to without an answer",
            Answer::Talked => "conversations",
            Answer::Unasked => "answers nobody asked for",
            Answer::Unknown => "let through, with an unknown answer",
        }
    }
}

/// How a contact counts: for "many services of this host" and for "this service on many hosts".
#[derive(Clone, Copy, Debug, PartialEq, Default, Serialize, Deserialize)]
pub(crate) struct Weight {
    pub(crate) host: f32,
    pub(crate) port: f32,
}

impl Weight {
    const fn both(weight: f32) -> Weight {
        Weight { host: weight, port: weight }
    }
}

/// What is known about a contact besides its answer.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Context {
    pub(crate) crossing: Crossing,
    /// The packet fits the fingerprint of a scanning tool, and how sure that makes us.
    pub(crate) tool: Option<f64>,
    /// The SYN has none of the options that every general-purpose stack sends.
    pub(crate) crafted: bool,
    /// A datagram without payload.
    pub(crate) empty: bool,
    /// From the port of a service to that of a client: it may be an answer whose question was not seen.
    pub(crate) like_answer: bool,
    /// It came from the port that other ports of the same host were tried from.
    pub(crate) same_port: bool,
    /// The two hosts hold a conversation already: further connections that are accepted are
    /// then usually its data channels (FTP, RPC, media).
    pub(crate) in_conversation: bool,
    /// Another port of the same host was contacted at the same moment.
    pub(crate) parallel: bool,
    /// The same contact was made with the address before or after.
    pub(crate) neighbour: bool,
    /// The address asked for is known to be there.
    pub(crate) known_host: bool,
    /// The part of answers that who saw it misses: see [`crate::sight`].
    pub(crate) missed: f32,
    /// The target has just opened a connection to the source: this may be a call back.
    pub(crate) called: bool,
    /// The port is one of those that clients take.
    pub(crate) client_port: bool,
    /// The source talks with the target on another port.
    pub(crate) talks: bool,
    /// It has asked more datagram services of the host than a client needs.
    pub(crate) many_datagrams: bool,
    /// The source's card opened the same service by IPv4 a moment later, or by TCP what it asked by UDP.
    pub(crate) other_family: bool,
}

/// ln(0.8 / 0.2): 8 of 10 ports a scanner tries are closed, 2 of 10 a client tries.
const REFUSED: f32 = 1.39;
/// ln(0.6 / 0.2): silence also comes from dead hosts and lost packets.
const UNANSWERED: f32 = 1.10;
/// The same for an ICMP error: a filter, or a router that finds nobody.
const REJECTED: f32 = 1.10;
/// ln(0.15 / 0.03): clients do give up between SYN and SYN-ACK (a race of addresses, a cancelled
/// page). Load balancers check whole pools this way: on many hosts it says little by itself,
/// ln(0.15 / 0.1); the SYNs of scanners are mostly made by hand, which adds its own weight.
const HALF_OPEN: Weight = Weight { host: 1.6, port: 0.4 };
/// A source that asks and does not even reset the answer is gone, invented or hiding.
const NEVER_FINISHED: f32 = 1.10;
/// ln(0.15 / 0.09): health checks open and close too. On many hosts a service that is there speaks for the
/// source, ln(0.2 / 0.8), and that nothing was said against it, ln(0.9 / 0.25): it is nearly nothing.
const SILENT: Weight = Weight { host: 0.5, port: -0.1 };
/// Beyond a handful of silent services, that each is there says more than that nothing was said to it:
/// ln(0.2 / 0.8) + ln(0.9 / 0.27). Whether they are visited again decides ([`crate::lull`]).
pub(crate) const MORE_SILENCE: f32 = -0.2;
/// ln(0.5 / 0.1): nmap and others reset at once what `connect()` opened; so do a few load
/// balancers, each at one service of many hosts.
const ABORTED: Weight = Weight { host: 1.6, port: 0.1 };
/// Clients that need several services of a host open one after the other: ln(0.5 / 0.25).
const PARALLEL: f32 = 0.7;
/// Reading a banner and leaving: as above, but protocols in which the server speaks first and
/// transfers from the server look the same.
const GREETED: Weight = Weight { host: 0.4, port: 0.0 };
/// ln(0.2 / 0.8): the source wanted this service, and got it.
pub(crate) const TALKED: f32 = -1.39;
/// No stack sends FIN, NULL, Xmas or other impossible flags; broken middleboxes and damaged
/// frames do, about once in 20 of all such packets seen: ln(1 / 0.05).
const ILLEGAL: f32 = 3.0;
/// An ACK to a port where nothing runs, answered by RST: also what remains of a connection that
/// the other side has forgotten (crash, NAT time-out), hence less than a refused SYN.
const STRAY_REFUSED: f32 = 1.10;
/// The same unanswered: also a capture that sees one way only (asymmetric routing).
const STRAY_UNANSWERED: f32 = 0.35;
/// A stray acknowledgement that carries TCP options comes from a stack in mid-conversation.
const STRAY_WITH_OPTIONS: f32 = 0.25;
/// A connection whose fate its log does not tell: one more service of the host, ln(0.6 / 0.47).
/// On many hosts it says nothing: so do all clients of a firewall that logs what it lets through.
const UNKNOWN: Weight = Weight { host: 0.25, port: 0.0 };
/// A SYN-ACK from a client's port to a server's: what remains is a server on a high port whose client
/// took a low one (rsh, NFS) and whose SYN the capture missed: ln(0.5 / 0.06).
const REVERSED: f32 = 2.1;
/// ICMP port unreachable is explicit, but late answers to closed sockets draw it too.
const UDP_REFUSED: f32 = 1.20;
/// Much of UDP is one-way (syslog, metrics, media): ln(0.7 / 0.45).
const UDP_UNANSWERED: f32 = 0.45;
/// What is left of a refusal when the datagram looks like an answer; of silence nothing is, since where only
/// one direction is seen all the answers of a resolver look so. Scanners seldom send from a service's port,
/// and to few ports of clients.
const LIKE_ANSWER: f32 = 0.2;
/// What is left of it beside a conversation of the two hosts, to ports that are agreed on: media and its
/// control channels, candidates of a peer.
const MEDIA: f32 = 0.4;
/// An answered datagram whose bytes are not known.
const UDP_ANSWERED: f32 = -0.7;
/// Applications have something to say; scanners send empty datagrams to most ports.
const UDP_EMPTY: f32 = 0.6;
/// One more datagram service of a host of which the source has asked half a dozen before, as no client does:
/// ln(0.9 / 0.55). That it answers says less then: a scanner that asks what the service understands is
/// answered too, ln(0.4 / 0.65).
const DATAGRAMS: f32 = 0.5;
const ONE_MORE_ANSWERED: f32 = -0.5;
/// Hosts speak two or three IP protocols to each other; asking for another one is rare.
const IP_PROTOCOL: f32 = 2.0;
/// A ping nobody answers: ln(0.7 / 0.3).
const ECHO_UNANSWERED: f32 = 0.85;
/// Monitoring pings many hosts that answer: ln(0.3 / 0.285). Only their order tells a sweep.
const ECHO_ANSWERED: f32 = 0.05;
/// Timestamp, mask and information requests: obsolete, asked by scanners first of all.
const ICMP_QUERY: f32 = 1.2;
/// Asking the LAN for one more address. Answers are unicast, so a third party's request seems
/// unanswered to a sensor: only the number within minutes tells a sweep from daily life.
const ARP: f32 = 0.5;
/// ARP heard to be answered, or for an address that is known to be there: what a router does that
/// has just started.
const ARP_ANSWERED: f32 = 0.04;
/// The address next to one contacted already: sweeps go through blocks, the hosts that someone
/// works with lie about: ln(0.9 / 0.7). Not for ARP, whose hosts lie side by side, nor for services
/// that answer: the members of a pool do too.
const NEIGHBOUR: f32 = 0.25;
/// The same of hosts that answer a ping: the list of what is watched is in order as often as not, ln(0.9 / 0.8).
const NEIGHBOUR_ANSWERS: f32 = 0.12;
/// Stacks send MSS, SACK and window scale; only small devices and tools do without.
const CRAFTED: f32 = 0.5;
/// The fingerprint of a scanning tool. Never enough by itself: it needs several contacts.
const TOOL: f32 = 0.9;
/// One of which its table is as sure as [`SURE`]: with a refusal as telling as flags that no stack sends.
const SURE_TOOL: f32 = 1.65;
const SURE: f64 = 0.9;
/// A stack takes a new source port for each connection and socket; raw tools keep theirs:
/// ln(0.6 / 0.3), with caution because some protocols prescribe the port.
const SAME_PORT: f32 = 0.6;
/// From the Internet to an internal host that does not serve: benign clients come with the right
/// name and port, 9 of 10 succeed: ln(0.8 / 0.1) - ln(0.8 / 0.2) is 0.69, taken with caution
/// because published names outlive services.
const INBOUND: f32 = 0.45;
/// From an internal host to the Internet: peers of peer-to-peer networks, moved services and
/// mobile hosts are often gone: ln(0.8 / 0.35) - ln(0.8 / 0.2).
const OUTBOUND: f32 = -0.55;
/// A connection opened and closed in silence, and not made again while a monitoring system with
/// short rounds would have made it again, and then one with long rounds: ln(0.9 / 0.4) and
/// ln(0.9 / 0.37). See [`crate::lull`].
const NOT_AGAIN: [f32; 2] = [0.8, 0.9];
/// Services whose silence counts in the first stage, so that it never suffices by itself: many monitoring systems
/// look every five minutes.
const ONE_FACT: usize = 6;
/// The same over many hosts. Their reachability is checked every five minutes as often as every minute, so
/// that the first stage says nothing; beyond, ln(0.9 / 0.55).
const NO_HOST_AGAIN: [f32; 2] = [0.0, 0.5];
/// A question that only finds out who is there (NetBIOS node status), answered or not: asked of
/// one host after a failed look-up, of a row of them by sweeps: ln(0.9 / 0.4).
pub(crate) const WHO_IS_THERE: f32 = 0.8;
/// Failing at a service of many hosts that have just called: who they are is asked back (ident, checks for open
/// relays). The targets of a sweep have not called first: nearly nothing is left.
pub(crate) const CALLED_BACK: f32 = 0.05;
/// A ping of a host, or a request for its hardware address, beside a conversation with it: it is worked with, which
/// sweeps do with few of the hosts that they find, ln(0.3 / 0.6).
pub(crate) const LOOKED_AND_TALKED: f32 = -0.7;
/// Failing at many ports of one host that called and are those of clients: data channels that it asked for and
/// gave up (active FTP). This part is left.
const CHANNEL: f32 = 0.4;
/// Failing at a service of many hosts with which the source talks on other ports: an exporter that is not
/// installed everywhere. Sweeps meet strangers: ln(0.8 / 0.53) is left of ln(0.8 / 0.2).
const ACQUAINTED: f32 = 0.3;
/// IPv6 is tried first and given up a moment later for IPv4 (RFC 8305), site after site where IPv6 is broken; QUIC
/// is tried first and given up for TCP at the same port where a firewall stops UDP.
const OTHER_FAMILY: f32 = 0.05;
/// What silence loses where all answers are missed. Something is left: who cannot be seen is not excused by it.
const UNSEEN: f32 = 0.7;
/// What is left of a weight whatever excuses it.
const LEAST_PART: f32 = 0.3;
/// Of an accepted contact beside a running conversation counts this part.
const IN_CONVERSATION: f32 = 0.2;

/// What a row of `once` contacts on this line weighs that was not repeated by a stage of [`crate::lull`].
pub(crate) fn not_again(line: LineKey, stage: usize, once: usize) -> f32 {
    let of_host = matches!(line, LineKey::Host(_));
    let weights = if of_host { NOT_AGAIN } else { NO_HOST_AGAIN };
    // That monitoring has rounds of five minutes and not of one is one fact, however long its list.
    let counted = if of_host && stage == 0 { once.min(ONE_FACT) } else { once };
    weights.get(stage).copied().unwrap_or_default() * counted as f32
}

/// The weight of a first contact, or of what became of it.
pub(crate) fn weigh(technique: Technique, answer: Answer, options: bool, context: Context) -> Weight {
    let base = base(technique, answer, options, context);
    // Flags that no stack sends do not weigh by their answers.
    let silent = matches!(answer, Answer::Unanswered | Answer::NeverFinished | Answer::Unknown);
    let sight = if silent && !technique.is_illegal() { 1.0 - UNSEEN * context.missed } else { 1.0 };
    let base = Weight { host: base.host * sight, port: base.port * sight };
    let friendly = base.host <= 0.0 && base.port <= 0.0;
    if friendly || answer == Answer::Pending {
        return base;
    }
    let mut bonus = 0.0;
    if let Some(confidence) = context.tool {
        bonus += tool(confidence);
    } else if context.crafted && technique == Technique::Syn {
        bonus += CRAFTED;
    }
    if context.same_port && context.tool.is_none() {
        bonus += SAME_PORT;
    }
    if answer.is_failure() {
        bonus += match context.crossing {
            Crossing::In => INBOUND,
            Crossing::Out => OUTBOUND,
            Crossing::None => 0.0,
        };
    }
    let parallel = if answer == Answer::Aborted && context.parallel { PARALLEL } else { 0.0 };
    let in_order = answer.is_failure() || technique == Technique::Echo;
    let next = if answer.is_failure() { NEIGHBOUR } else { NEIGHBOUR_ANSWERS };
    let beside = if context.neighbour && in_order { next * sight } else { 0.0 };
    let lift = |weight: f32, bonus: f32| {
        if weight > 0.0 { (weight + bonus).max(weight * LEAST_PART) } else { weight }
    };
    let weight = Weight { host: lift(base.host, bonus + parallel), port: lift(base.port, bonus + beside) };
    if answer.is_failure() { excused(weight, context) } else { weight }
}

/// What a fingerprint adds of which its table is so sure.
pub(crate) fn tool(confidence: f64) -> f32 {
    if confidence >= SURE { SURE_TOOL } else { TOOL }
}

/// What is left of a failure whose occasion is known.
fn excused(weight: Weight, context: Context) -> Weight {
    let on_port =
        [(context.called, CALLED_BACK), (context.other_family, OTHER_FAMILY), (context.talks, ACQUAINTED)];
    let part =
        on_port.into_iter().filter(|&(applies, _)| applies).fold(1.0, |part: f32, (_, left)| part.min(left));
    let channel = if context.called && context.client_port { CHANNEL } else { 1.0 };
    Weight { host: weight.host * channel, port: weight.port * part }
}

fn base(technique: Technique, answer: Answer, options: bool, context: Context) -> Weight {
    match technique {
        Technique::Syn | Technique::SctpInit | Technique::SctpCookieEcho => connect(answer, context),
        Technique::Fin | Technique::Null | Technique::Xmas | Technique::OddFlags => Weight::both(ILLEGAL),
        Technique::Ack | Technique::Maimon => Weight::both(match answer {
            _ if options => STRAY_WITH_OPTIONS,
            Answer::Refused => STRAY_REFUSED,
            _ => STRAY_UNANSWERED,
        }),
        // One socket that asks several services of a host is nobody's client.
        Technique::Udp if context.same_port && answer.is_open() => Weight::both(SAME_PORT),
        // Of datagrams even less is known: they may be answers.
        Technique::Udp if answer.is_unknown() => Weight::default(),
        Technique::Udp if context.like_answer && answer == Answer::Unanswered => Weight::default(),
        Technique::Udp if context.like_answer && answer.is_failure() => {
            Weight::both(udp(answer) * LIKE_ANSWER)
        }
        Technique::Udp if context.in_conversation && answer.is_failure() => Weight::both(udp(answer) * MEDIA),
        Technique::Udp if context.many_datagrams && answer == Answer::Talked => {
            Weight { host: ONE_MORE_ANSWERED, port: TALKED }
        }
        Technique::Udp => {
            let weight = udp(answer) + empty_bonus(answer, context);
            let more = if context.many_datagrams && answer.is_failure() { DATAGRAMS } else { 0.0 };
            Weight { host: weight + more, port: weight }
        }
        Technique::IpProtocol => Weight { host: IP_PROTOCOL, port: IP_PROTOCOL / 2.0 },
        Technique::Echo => {
            Weight { host: 0.0, port: if answer.is_failure() { ECHO_UNANSWERED } else { ECHO_ANSWERED } }
        }
        Technique::IcmpQuery => Weight::both(ICMP_QUERY),
        Technique::Arp => {
            let known = answer.is_open() || context.known_host;
            Weight { host: 0.0, port: if known { ARP_ANSWERED } else { ARP } }
        }
        Technique::SynAck => Weight::both(REVERSED),
        Technique::Answer => Weight::default(),
    }
}

fn connect(answer: Answer, context: Context) -> Weight {
    let part = if context.in_conversation { IN_CONVERSATION } else { 1.0 };
    match answer {
        Answer::Refused => Weight::both(REFUSED),
        Answer::Unanswered => Weight::both(UNANSWERED),
        Answer::Rejected => Weight::both(REJECTED),
        Answer::HalfOpen => HALF_OPEN,
        Answer::NeverFinished => Weight::both(NEVER_FINISHED),
        Answer::Silent => Weight { host: SILENT.host * part, ..SILENT },
        Answer::Aborted => Weight { host: ABORTED.host * part, port: ABORTED.port * part },
        Answer::Greeted => Weight { host: GREETED.host * part, port: GREETED.port * part },
        Answer::Talked => Weight::both(TALKED),
        Answer::Unknown => UNKNOWN,
        Answer::Pending | Answer::Unheard | Answer::Answered | Answer::Unasked => Weight::default(),
    }
}

fn udp(answer: Answer) -> f32 {
    match answer {
        Answer::Refused => UDP_REFUSED,
        Answer::Rejected => REJECTED,
        Answer::Unanswered => UDP_UNANSWERED,
        Answer::Talked => TALKED,
        _ => UDP_ANSWERED,
    }
}

fn empty_bonus(answer: Answer, context: Context) -> f32 {
    if context.empty && answer.is_failure() { UDP_EMPTY } else { 0.0 }
}

/// Which of the four time scales a technique may add to: a minute, an hour, a day, a week.
///
/// Over days every host asks for the hardware address of every neighbour and is pinged by
/// monitoring, so sweeps of the LAN count for an hour at most.
pub(crate) fn scales(technique: Technique) -> usize {
    match technique {
        Technique::Arp => 2,
        Technique::Echo => 3,
        _ => 4,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLAIN: Context = Context {
        crossing: Crossing::None,
        tool: None,
        crafted: false,
        empty: false,
        like_answer: false,
        same_port: false,
        in_conversation: false,
        parallel: false,
        neighbour: false,
        known_host: false,
        missed: 0.0,
        called: false,
        client_port: false,
        talks: false,
        other_family: false,
        many_datagrams: false,
    };

    fn syn(answer: Answer, context: Context) -> f32 {
        weigh(Technique::Syn, answer, true, context).host
    }

    #[test]
    fn talking_speaks_for_the_source_whatever_it_looks_like() {
        let suspicious = Context { tool: Some(0.9), crossing: Crossing::In, ..PLAIN };
        assert_eq!(syn(Answer::Talked, suspicious), TALKED);
        assert_eq!(syn(Answer::Pending, suspicious), 0.0, "nothing is known yet");
    }

    #[test]
    fn an_unknown_fate_says_little_and_nothing_over_many_hosts() {
        let weight = weigh(Technique::Syn, Answer::Unknown, true, PLAIN);
        assert!((0.0..0.5).contains(&weight.host) && weight.port == 0.0, "{weight:?}");
        assert_eq!(weigh(Technique::Udp, Answer::Unknown, false, PLAIN), Weight::default());
        assert!(!Answer::Unknown.is_open() && !Answer::Unknown.is_failure());
    }

    #[test]
    fn where_it_goes_matters_for_failures_only() {
        let weight = |crossing| syn(Answer::Refused, Context { crossing, ..PLAIN });
        assert!(weight(Crossing::In) > weight(Crossing::None));
        assert!(weight(Crossing::None) > weight(Crossing::Out));
        assert!(weight(Crossing::Out) > 0.0);
        assert_eq!(syn(Answer::Silent, Context { crossing: Crossing::In, ..PLAIN }), SILENT.host);
    }

    #[test]
    fn data_channels_of_a_conversation_hardly_count() {
        let beside = Context { in_conversation: true, ..PLAIN };
        assert!(syn(Answer::Silent, beside) < 0.2 * syn(Answer::Refused, beside));
        assert_eq!(syn(Answer::Refused, beside), REFUSED, "closed ports count as ever");
    }

    #[test]
    fn sweeps_say_nothing_about_one_host() {
        for technique in [Technique::Echo, Technique::Arp] {
            assert_eq!(weigh(technique, Answer::Unanswered, false, PLAIN).host, 0.0);
            assert!(weigh(technique, Answer::Unanswered, false, PLAIN).port > 0.0);
        }
    }
}
