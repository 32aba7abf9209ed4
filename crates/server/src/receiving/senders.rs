//! Those who send logs: their readers, which remember what a line means by the lines before it, and
//! what came of each.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::net::IpAddr;
use vedette_event::Time;
use vedette_parse::log::{Context, Format, LineReader};
use vedette_parse::netflow;

/// Senders remembered; the one silent the longest makes room.
const MOST: usize = 1_024;
/// Senders that the status names.
const TOLD: usize = 100;

#[derive(Default)]
pub struct Senders(HashMap<IpAddr, Sender>);

#[derive(Default)]
pub struct Sender {
    readers: HashMap<Format, LineReader>,
    flows: Option<Box<netflow::Reader>>,
    stored: u64,
    quarantined: u64,
    formats: Vec<&'static str>,
    last: Option<Time>,
}

/// A sender as the status shows it.
#[derive(Clone, Debug)]
pub struct SenderStatus {
    pub address: IpAddr,
    pub formats: Vec<&'static str>,
    pub stored: u64,
    pub quarantined: u64,
    pub last: Option<Time>,
}

impl Senders {
    pub fn of(&mut self, address: IpAddr, now: Time) -> &mut Sender {
        if self.0.len() >= MOST && !self.0.contains_key(&address) {
            let silent = self.0.iter().min_by_key(|(_, sender)| sender.last).map(|(address, _)| *address);
            silent.map(|address| self.0.remove(&address));
        }
        let sender = self.0.entry(address).or_default();
        sender.last = Some(now);
        sender
    }

    /// The busiest first.
    pub fn status(&self) -> Vec<SenderStatus> {
        let status = |(&address, sender): (&IpAddr, &Sender)| SenderStatus {
            address,
            formats: sender.formats.clone(),
            stored: sender.stored,
            quarantined: sender.quarantined,
            last: sender.last,
        };
        let mut all: Vec<SenderStatus> = self.0.iter().map(status).collect();
        all.sort_by_key(|sender| (std::cmp::Reverse(sender.stored + sender.quarantined), sender.address));
        all.truncate(TOLD);
        all
    }
}

impl Sender {
    /// The reader of its lines of a format.
    pub fn reader(&mut self, format: Format, context: &Context) -> Option<&mut LineReader> {
        let reader = match self.readers.entry(format) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(place) => place.insert(LineReader::new(format, context.clone())?),
        };
        reader.set_now(context.now);
        Some(reader)
    }

    pub fn flows(&mut self, context: &Context) -> &mut netflow::Reader {
        self.flows.get_or_insert_with(|| Box::new(netflow::Reader::new(context)))
    }

    pub fn count(&mut self, format: Option<Format>, stored: u64, quarantined: u64) {
        self.stored += stored;
        self.quarantined += quarantined;
        if let Some(format) = format.filter(|format| !self.formats.contains(&format.as_str())) {
            self.formats.push(format.as_str());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn senders_are_bounded_and_the_silent_one_goes() {
        let mut senders = Senders::default();
        for n in 0..5_000_u32 {
            senders.of(IpAddr::from(n.to_be_bytes()), Time(n.into())).count(Some(Format::Zeek), 1, 0);
            senders.of([255; 4].into(), Time(n.into())).count(None, 0, 1);
        }
        assert_eq!(senders.0.len(), MOST);
        let status = senders.status();
        assert_eq!((status.len(), status[0].quarantined), (TOLD, 5_000));
    }
}
