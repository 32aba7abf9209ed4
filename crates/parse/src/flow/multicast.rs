//! Questions to everyone, and the answers that come from addresses nobody addressed.
//!
//! SSDP, NetBIOS, WS-Discovery and the like ask a multicast or broadcast address; every device answers
//! from its own. Such an answer is no attempt of the device.

use super::key::number;
use ahash::RandomState;
use std::net::{IpAddr, Ipv4Addr};
use vedette_event::Time;

/// Answers are awaited this long (SSDP lets devices take up to 120 s, in practice 5).
const WINDOW: i64 = 10_000_000;
/// Askers remembered; the newer one wins where two share a place.
const PLACES: usize = 256;

/// Stands for whoever asked, where the answer goes to everyone too.
const EVERYONE: IpAddr = IpAddr::V4(Ipv4Addr::BROADCAST);

#[derive(Clone, Copy)]
struct Asked {
    source: u128,
    port: u16,
    /// Port that was asked.
    asked: u16,
    time: Time,
}

pub struct Questions {
    asked: Vec<Asked>,
    hasher: RandomState,
}

impl Questions {
    pub fn new(hasher: RandomState) -> Questions {
        let never = Asked { source: 0, port: 0, asked: 0, time: Time(i64::MIN) };
        Questions { asked: vec![never; PLACES], hasher }
    }

    fn place(&self, source: (IpAddr, u16)) -> usize {
        self.hasher.hash_one((number(source.0), source.1)) as usize % PLACES
    }

    /// `source` asked everyone, at port `asked`.
    pub fn ask(&mut self, source: (IpAddr, u16), asked: u16, time: Time) {
        for source in [source, (EVERYONE, source.1)] {
            let place = self.place(source);
            self.asked[place] = Asked { source: number(source.0), port: source.1, asked, time };
        }
    }

    /// A packet from port `from` to `target`, an address of one host, is an answer to such a question.
    ///
    /// Devices may answer from any port. But where the question came from the port it asked (NetBIOS,
    /// mDNS), the asker serves that port itself, and a packet from another port is a new question.
    pub fn awaits(&self, target: (IpAddr, u16), from: u16, time: Time) -> bool {
        match self.asked_by(target, time) {
            Some(asked) => target.1 != asked || asked == from,
            // A host that asks for its address (DHCP) has none yet.
            None => self.asked_by((IpAddr::V4(Ipv4Addr::UNSPECIFIED), target.1), time) == Some(from),
        }
    }

    /// A packet from port `from` to everyone at port `to` is an answer to such a question.
    pub fn awaited_by_all(&self, to: u16, from: u16, time: Time) -> bool {
        to != from && self.asked_by((EVERYONE, to), time) == Some(from)
    }

    /// The port that `source` asked last.
    fn asked_by(&self, source: (IpAddr, u16), time: Time) -> Option<u16> {
        let asked = self.asked[self.place(source)];
        let same = asked.source == number(source.0) && asked.port == source.1;
        (same && (0..=WINDOW).contains(&time.since(asked.time))).then_some(asked.asked)
    }
}
