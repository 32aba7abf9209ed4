//! What is being observed right now: rates and top talkers, in bounded memory, for the overview.

use serde::Serialize;
use std::collections::{HashMap, VecDeque};
use std::hash::Hash;
use std::net::IpAddr;
use utoipa::ToSchema;
use vedette_event::{Event, EventKind, Time, Transport};

/// A point of the series is 5 s wide, in microseconds; the series holds 5 minutes.
const STEP: i64 = 5_000_000;
const POINTS: usize = 60;
/// Top talkers are counted in two windows of 5 minutes each, in microseconds.
const WINDOW: i64 = 300_000_000;
/// Keys a counter holds before the smaller half is forgotten.
const KEYS: usize = 4096;
/// Entries of a top list.
const TOP: usize = 10;

/// Approximate counts of the most frequent keys.
struct Top<K>(HashMap<K, u64>);

impl<K> Default for Top<K> {
    fn default() -> Top<K> {
        Top(HashMap::new())
    }
}

impl<K: Hash + Eq + Clone> Top<K> {
    fn add(&mut self, key: K, count: u64) {
        *self.0.entry(key).or_insert(0) += count;
        if self.0.len() > KEYS {
            let mut counts: Vec<u64> = self.0.values().copied().collect();
            let (_, median, _) = counts.select_nth_unstable(KEYS / 2);
            let median = *median;
            let mut room = KEYS / 2;
            self.0.retain(|_, count| {
                // Strangers with one attempt each must not push out whom we know.
                *count > median
                    || (*count == median && room > KEYS / 4 && {
                        room -= 1;
                        true
                    })
            });
        }
    }
}

#[derive(Default)]
struct Window {
    start: Time,
    sources: Top<IpAddr>,
    targets: Top<IpAddr>,
    ports: Top<(Transport, u16)>,
}

#[derive(Default)]
pub struct Observed {
    total: u64,
    series: VecDeque<(i64, u64)>,
    before: Option<Window>,
    current: Window,
}

/// One entry of a top list.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct Count {
    pub value: String,
    pub count: u64,
}

#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct Point {
    #[schema(value_type = String, format = DateTime)]
    pub time: Time,
    pub events: u64,
}

/// What is being observed, as the overview shows it.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
#[schema(as = Observed)]
pub struct Snapshot {
    /// Attempts since the start.
    pub events_total: u64,
    /// Over the last minute.
    pub events_per_second: f64,
    /// One point each 5 s over the last 5 minutes, oldest first.
    pub series: Vec<Point>,
    /// The top lists count from here: the last 5 to 10 minutes.
    #[schema(value_type = String, format = DateTime)]
    pub since: Time,
    pub top_sources: Vec<Count>,
    pub top_targets: Vec<Count>,
    pub top_ports: Vec<Count>,
}

impl Observed {
    pub fn note(&mut self, events: &[Event], now: Time) {
        if now.since(self.current.start) >= WINDOW {
            let next = Window { start: now, ..Window::default() };
            self.before = Some(std::mem::replace(&mut self.current, next));
        }
        let mut attempts = 0;
        for event in events.iter().filter(|event| event.kind == EventKind::Attempt) {
            let count = u64::from(event.count);
            attempts += count;
            self.current.sources.add(event.source, count);
            self.current.targets.add(event.target, count);
            if event.target_port != 0 {
                self.current.ports.add((event.transport, event.target_port), count);
            }
        }
        self.total += attempts;
        let step = now.0.div_euclid(STEP);
        match self.series.back_mut() {
            Some((last, count)) if *last >= step => *count += attempts,
            _ => self.series.push_back((step, attempts)),
        }
        while self.series.len() > POINTS + 1 {
            self.series.pop_front();
        }
    }

    pub fn snapshot(&self, now: Time) -> Snapshot {
        let end = now.0.div_euclid(STEP);
        let at = |step: i64| self.series.iter().find(|(s, _)| *s == step).map_or(0, |(_, count)| *count);
        let series: Vec<Point> = (0..POINTS as i64)
            .map(|n| end - POINTS as i64 + n)
            .map(|step| Point { time: Time(step * STEP), events: at(step) })
            .collect();
        let minute: u64 = series.iter().rev().take(12).map(|point| point.events).sum();
        let windows: Vec<&Window> =
            self.before.iter().chain([&self.current]).filter(|w| recent(w, now)).collect();
        Snapshot {
            events_total: self.total,
            events_per_second: minute as f64 / 60.0,
            since: windows.iter().map(|w| w.start).min().unwrap_or(now),
            top_sources: top(windows.iter().map(|w| &w.sources), IpAddr::to_string),
            top_targets: top(windows.iter().map(|w| &w.targets), IpAddr::to_string),
            top_ports: top(windows.iter().map(|w| &w.ports), |(transport, port)| {
                format!("{}/{port}", transport_name(*transport))
            }),
            series,
        }
    }
}

fn recent(window: &Window, now: Time) -> bool {
    window.start != Time::ZERO && now.since(window.start) < 2 * WINDOW
}

fn top<'a, K: Hash + Eq + Clone + 'a>(
    counters: impl Iterator<Item = &'a Top<K>>,
    name: impl Fn(&K) -> String,
) -> Vec<Count> {
    let mut sums: HashMap<&K, u64> = HashMap::new();
    for (key, count) in counters.flat_map(|top| &top.0) {
        *sums.entry(key).or_insert(0) += count;
    }
    let mut list: Vec<Count> =
        sums.into_iter().map(|(key, count)| Count { value: name(key), count }).collect();
    list.sort_by(|a, b| b.count.cmp(&a.count).then_with(|| a.value.cmp(&b.value)));
    list.truncate(TOP);
    list
}

/// `tcp`, `udp`, `icmp`, `arp`, `sctp`, or the number of the IP protocol.
fn transport_name(transport: Transport) -> String {
    match transport {
        Transport::Tcp => "tcp".to_owned(),
        Transport::Udp => "udp".to_owned(),
        Transport::Sctp => "sctp".to_owned(),
        Transport::Icmp => "icmp".to_owned(),
        Transport::Arp => "arp".to_owned(),
        Transport::Ip(number) => number.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::intake::tests::probe;
    use super::*;

    const START: Time = Time(1_700_000_000_000_000);

    #[test]
    fn counts_rates_and_talkers() {
        let mut observed = Observed::default();
        let events: Vec<Event> = (0..120).map(|n| probe("127.0.0.2", 80 + n % 2, START)).collect();
        observed.note(&events, START);
        let snapshot = observed.snapshot(START.plus(10_000_000));
        assert_eq!(snapshot.events_total, 120);
        assert_eq!(snapshot.events_per_second, 2.0);
        assert_eq!(snapshot.series.len(), POINTS);
        assert_eq!(snapshot.series.iter().map(|point| point.events).sum::<u64>(), 120);
        assert_eq!(snapshot.top_targets, [Count { value: "127.0.0.2".into(), count: 120 }]);
        assert_eq!(snapshot.top_ports[0], Count { value: "tcp/80".into(), count: 60 });
    }

    #[test]
    fn old_windows_are_forgotten() {
        let mut observed = Observed::default();
        observed.note(&[probe("127.0.0.2", 80, START)], START);
        observed.note(&[probe("127.0.0.3", 80, START)], START.plus(WINDOW + 1));
        assert_eq!(observed.snapshot(START.plus(WINDOW + 2)).top_targets.len(), 2);
        let late = observed.snapshot(START.plus(3 * WINDOW + 2));
        assert_eq!(late.top_targets, []);
        assert_eq!(late.events_per_second, 0.0);
    }

    #[test]
    fn a_flood_of_strangers_does_not_push_out_the_talkers() {
        let mut top: Top<u32> = Top::default();
        for n in 0..100_000_u32 {
            top.add(n, 1);
            if n % 10 == 0 {
                top.add(u32::MAX, 1);
            }
        }
        assert!(top.0.len() <= KEYS + 1);
        assert_eq!(top.0.get(&u32::MAX), Some(&10_000));
    }
}
