//! What became of a connection, from Zeek's state and history of it.
//!
//! Zeek does not tell the flags of a packet apart that has FIN set: a lone FIN is taken for the
//! FIN and ACK that a stack sends, which weighs less than flags no stack sends.

use crate::log::{Fate, Sides};
use vedette_event::{Closing, Outcome, Transport, flag};

/// States in which only the responder was heard.
pub(super) fn is_from_responder(state: &str) -> bool {
    state == "RSTRH"
}

pub(super) fn of(transport: Transport, state: &str, history: &str, sides: &Sides) -> Fate {
    match transport {
        Transport::Tcp => tcp(state, history, sides),
        // For ICMP the state is always OTH; only the packets tell.
        Transport::Icmp if sides.received.packets > 0 => Fate::of(Outcome::Accepted),
        Transport::Icmp => Fate::of(Outcome::Unanswered),
        _ => Fate::of(match state {
            "SF" => Outcome::Accepted,
            "S0" => Outcome::Unanswered,
            _ => Outcome::MidStream,
        }),
    }
}

fn tcp(state: &str, history: &str, sides: &Sides) -> Fate {
    if let Some(fate) = without_syn(history, sides) {
        return fate;
    }
    match state {
        "S0" => Fate::of(Outcome::Unanswered),
        "REJ" => Fate::of(Outcome::Refused),
        "S1" => opened(history, sides, Closing::Open),
        "SF" | "S2" | "S3" => opened(history, sides, Closing::Fin),
        "RSTO" => opened(history, sides, Closing::ResetBySource),
        "RSTR" => opened(history, sides, Closing::ResetByTarget),
        // A SYN and then a reset or FIN, the answer out of sight.
        "RSTOS0" | "SH" => Fate::of(Outcome::Unanswered),
        "RSTRH" => Fate { flags: flag::SYN | flag::ACK, ..Fate::of(Outcome::Unsolicited) },
        _ => Fate::of(Outcome::MidStream),
    }
}

/// Accepted; the originator finished the handshake if it was heard to acknowledge or to say
/// something.
fn opened(history: &str, sides: &Sides, closing: Closing) -> Fate {
    let finished = match history {
        "" => sides.sent.packets > 2 || sides.sent.bytes > 0,
        history => history.contains(['A', 'D', 'F']),
    };
    Fate { handshake: finished, closing, ..Fate::of(Outcome::Accepted) }
}

/// A lone packet that is no SYN, answered by a reset or not at all.
fn without_syn(history: &str, sides: &Sides) -> Option<Fate> {
    let mut letters = history.trim_start_matches('^').chars();
    let (first, then) = (letters.next()?, letters.as_str());
    let refused = match then {
        "" if sides.received.packets == 0 => false,
        "r" => true,
        _ => return None,
    };
    let flags = match first {
        'F' => flag::FIN | flag::ACK,
        'A' => flag::ACK,
        // SYN with FIN or RST.
        'Q' => flag::SYN | flag::FIN,
        _ => return None,
    };
    let outcome = if refused { Outcome::Refused } else { Outcome::Unanswered };
    Some(Fate { flags, ..Fate::of(outcome) })
}
