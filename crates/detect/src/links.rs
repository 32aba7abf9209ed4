//! Which network card belongs to which address on the LAN, from who asks in ARP and neighbour
//! discovery.
//!
//! Someone who sends packets in another's name uses their own card. The card of a router carries
//! the packets of many addresses, but none of those is on this LAN.
//!
//! Belongs here: cards and addresses. Does not belong here: what follows for a campaign.

use crate::table::Recent;
use crate::{fingerprint, resets};
use ahash::RandomState;
use std::net::IpAddr;
use vedette_event::{Event, Outcome, Time};

/// Cards and addresses remembered: more than one LAN holds.
const CARDS: usize = 4_096;

/// Cards with their owners, addresses with their cards.
pub(crate) type Saved = (Vec<([u8; 6], IpAddr)>, Vec<(IpAddr, Option<[u8; 6]>)>);

pub(crate) struct Links {
    owners: Recent<[u8; 6], IpAddr>,
    /// Addresses on the LAN, with the card they ask from when they have asked.
    cards: Recent<IpAddr, Option<[u8; 6]>>,
    /// When a card last opened a connection to a port by IPv4.
    dials: Recent<([u8; 6], u16), Time>,
    /// Someone speaks IPv6 here: without it nobody gives it up for IPv4.
    speaks_six: bool,
}

impl Links {
    pub(crate) fn new(hasher: RandomState) -> Links {
        Links {
            owners: Recent::new(CARDS, hasher.clone()),
            cards: Recent::new(CARDS, hasher.clone()),
            dials: Recent::new(CARDS, hasher),
            speaks_six: false,
        }
    }

    /// What is known, the oldest first.
    pub(crate) fn saved(&self) -> Saved {
        let owners = self.owners.oldest_first().into_iter().map(|(card, &owner)| (card, owner));
        let cards = self.cards.oldest_first().into_iter().map(|(address, &card)| (address, card));
        (owners.collect(), cards.collect())
    }

    pub(crate) fn restore((owners, cards): Saved, hasher: RandomState) -> Links {
        let mut links = Links::new(hasher);
        for (card, owner) in owners {
            links.owners.entry(card, || owner);
        }
        for (address, card) in cards {
            links.cards.entry(address, || card);
        }
        links
    }

    /// Learns from an ARP request or neighbour solicitation.
    pub(crate) fn note(&mut self, event: &Event) {
        if let Some(card) = event.source_mac {
            if let Some(owner) = self.owners.entry(card, || event.source) {
                *owner = event.source;
            }
            if let Some(known) = self.cards.entry(event.source, || None) {
                *known = Some(card);
            }
        }
        if event.outcome == Outcome::Accepted {
            self.cards.entry(event.target, || None);
        }
    }

    /// A connection by IPv4 that was answered.
    pub(crate) fn note_dial(&mut self, event: &Event) {
        self.speaks_six |= event.source.is_ipv6();
        if self.speaks_six
            && let (IpAddr::V4(_), Some(card), Outcome::Accepted) =
                (event.source, event.source_mac, event.outcome)
            && let Some(latest) = self.dials.entry((card, event.target_port), || event.time)
        {
            *latest = event.time;
        }
    }

    /// An attempt by IPv6, begun at `began`, that the same card made by IPv4 too when it had waited for an
    /// answer, as programs do that try both.
    pub(crate) fn dialled_again(&self, event: &Event, began: Time) -> bool {
        const PATIENCE: i64 = 600_000;
        if event.source.is_ipv4() {
            return false;
        }
        let latest = event.source_mac.and_then(|card| self.dials.lookup(&(card, event.target_port)));
        latest.is_some_and(|at| (0..=PATIENCE).contains(&at.since(began)))
    }

    /// The address whose card sent this packet in the name of another address of this LAN. A router that
    /// forwards a packet takes a hop off it: two networks may share one wire.
    pub(crate) fn forger(&self, event: &Event) -> Option<IpAddr> {
        let card = event.source_mac?;
        let forwarded = resets::distance(event.first.ttl) > 0 && !fingerprint::chooses_ttl(event);
        if event.first.ttl != 0 && forwarded {
            return None;
        }
        let owner = *self.owners.lookup(&card)?;
        let own_card = self.cards.lookup(&event.source)?;
        let same_family = owner.is_ipv4() == event.source.is_ipv4();
        (owner != event.source && same_family && *own_card != Some(card)).then_some(owner)
    }

    /// Someone with this address is on the LAN: it has asked for others.
    pub(crate) fn knows(&self, address: IpAddr) -> bool {
        self.cards.lookup(&address).is_some()
    }

    /// The address whose own card this is.
    pub(crate) fn owner(&self, card: [u8; 6]) -> Option<IpAddr> {
        self.owners.lookup(&card).copied()
    }
}
