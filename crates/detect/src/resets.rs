//! What a reset after an answered SYN says about who sent the SYN.
//!
//! Any live host resets an answer to a question that it never asked, so the reset alone proves that a host
//! lives at the address. A reset that travelled the way of the probe speaks for the source; one that
//! came from another card, or over another number of routers, speaks against it: someone else
//! sent the probe in its name. Only a finished handshake is proof.
//!
//! Belongs here: one probe and its reset. Does not belong here: what follows for a campaign (see
//! [`crate::naming`]).

use crate::fingerprint;
use crate::links::Links;
use serde::{Deserialize, Serialize};
use vedette_event::{Event, SourceReset};

/// How a reset relates to the probe whose answer it resets.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
pub(crate) enum Origin {
    /// Nothing tells, or it was not seen.
    #[default]
    Untold,
    /// It came the way the probe came.
    Same,
    /// It came from elsewhere.
    Other,
}

/// Where the reset of an event came from, beside its probe.
pub(crate) fn origin(event: &Event, links: &Links) -> Origin {
    let Some(reset) = event.reset else { return Origin::Untold };
    if let (Some(asked), Some(reset)) = (event.source_mac, reset.mac) {
        if asked != reset {
            return Origin::Other;
        }
        // Of a router's card it says nothing: all that lies behind comes from it.
        if links.owner(asked) == Some(event.source) {
            return Origin::Same;
        }
    }
    by_distance(event, reset)
}

/// Routers passed, as far as the TTLs tell. Who writes packets by hand may choose any, and some tools choose
/// a new one for each probe: from those nothing follows.
fn by_distance(event: &Event, reset: SourceReset) -> Origin {
    let (asked, answered) = (event.first.ttl, reset.ttl);
    if asked == 0 || answered == 0 {
        return Origin::Untold;
    }
    match distance(asked) == distance(answered) {
        true => Origin::Same,
        false if fingerprint::chooses_ttl(event) => Origin::Untold,
        false => Origin::Other,
    }
}

/// From the next value that systems begin with: 64 (Linux, BSD), 128 (Windows), 255 (network devices, raw tools).
pub(crate) fn distance(ttl: u8) -> u8 {
    let began = [64, 128, 255].into_iter().find(|&value| value >= ttl).unwrap_or(u8::MAX);
    began - ttl
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::testing::{probe, syn};
    use ahash::RandomState;
    use vedette_event::Transport;

    const OWN: [u8; 6] = [2, 0, 0, 0, 0, 1];
    const ELSE: [u8; 6] = [2, 0, 0, 0, 0, 2];

    /// A probe with a TTL and a card, and its reset with others.
    fn reset(asked: (u8, Option<[u8; 6]>), answered: (u8, Option<[u8; 6]>)) -> Event {
        let mut event = syn("10.0.0.9", "10.0.0.5", 80);
        (event.first.ttl, event.source_mac) = asked;
        event.reset = Some(SourceReset { ttl: answered.0, mac: answered.1 });
        event
    }

    fn links() -> Links {
        let mut links = Links::new(RandomState::new());
        let mut asks = probe("10.0.0.9", "10.0.0.5", 0, Transport::Arp);
        asks.source_mac = Some(OWN);
        links.note(&asks);
        links
    }

    #[test]
    fn another_card_is_another_host() {
        let own = Some(OWN);
        assert_eq!(origin(&reset((64, own), (64, Some(ELSE))), &links()), Origin::Other);
        assert_eq!(
            origin(&reset((50, own), (64, own)), &links()),
            Origin::Same,
            "its own card, whatever TTL"
        );
    }

    #[test]
    fn behind_a_router_the_number_of_hops_tells() {
        let router = Some(ELSE);
        assert_eq!(origin(&reset((60, router), (60, router)), &links()), Origin::Same);
        assert_eq!(
            origin(&reset((251, None), (60, None)), &links()),
            Origin::Same,
            "four routers either way"
        );
        assert_eq!(origin(&reset((63, router), (64, router)), &links()), Origin::Other);
        assert_eq!(origin(&reset((63, None), (119, None)), &links()), Origin::Other);
    }

    #[test]
    fn a_tool_that_chooses_its_ttl_tells_nothing() {
        let mut event = reset((43, None), (64, None));
        event.first.window = 1024;
        (event.first.mss, event.first.options, event.first.dont_fragment) =
            (1460, 0x2000_0000_0000_0000, false);
        assert_eq!(origin(&event, &links()), Origin::Untold);
        event.reset = None;
        assert_eq!(origin(&event, &links()), Origin::Untold, "not seen");
        assert_eq!(origin(&reset((0, None), (64, None)), &links()), Origin::Untold, "a log without TTLs");
    }
}
