//! Questions to everyone, and the answers that come from addresses nobody addressed.
//!
//! SSDP, NetBIOS, WS-Discovery and the like ask a multicast or broadcast address; every device answers
//! from its own. Such an answer is no attempt of the device.

use super::key::number;
use ahash::RandomState;
use std::net::IpAddr;
use vedette_event::Time;

/// Answers are awaited this long (SSDP lets devices take up to 120 s, in practice 5).
const WINDOW: i64 = 10_000_000;
/// Askers remembered; the newer one wins where two share a place.
const PLACES: usize = 256;

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
        let place = self.place(source);
        self.asked[place] = Asked { source: number(source.0), port: source.1, asked, time };
    }

    /// A packet from port `from` to `target` is an answer to such a question.
    ///
    /// Devices may answer from any port. But where the question came from the port it asked (NetBIOS,
    /// mDNS), the asker serves that port itself, and a packet from another port is a new question.
    pub fn awaits(&self, target: (IpAddr, u16), from: u16, time: Time) -> bool {
        let asked = self.asked[self.place(target)];
        asked.source == number(target.0)
            && asked.port == target.1
            && (asked.port != asked.asked || asked.asked == from)
            && (0..=WINDOW).contains(&time.since(asked.time))
    }
}
