//! Which appends are under way, by the `_insert_time` of their rows. Rows are seen a little after that
//! time; whoever reads what is new must know up to which time nothing is missing.

use parking_lot::Mutex;
use std::collections::BTreeSet;
use std::sync::Arc;
use vedette_event::Time;

#[derive(Clone, Default)]
pub(crate) struct Arrivals(Arc<Mutex<UnderWay>>);

#[derive(Default)]
struct UnderWay {
    times: BTreeSet<(Time, u64)>,
    next: u64,
}

/// Held until the rows can be seen, or never will be.
pub(crate) struct Arrival {
    all: Arrivals,
    place: (Time, u64),
}

impl Arrivals {
    /// Begins an append. The clock is read under the lock, so that no earlier time can follow a later
    /// answer of [`Arrivals::settled_until`].
    pub fn begin(&self, clock: impl FnOnce() -> Time) -> Arrival {
        let mut under_way = self.0.lock();
        let place = (clock(), under_way.next);
        under_way.next += 1;
        under_way.times.insert(place);
        Arrival { all: self.clone(), place }
    }

    pub fn settled_until(&self, clock: impl FnOnce() -> Time) -> Time {
        let under_way = self.0.lock();
        let now = clock();
        under_way.times.first().map_or(now, |(time, _)| now.min(*time)).plus(-1)
    }
}

impl Arrival {
    pub fn time(&self) -> Time {
        self.place.0
    }
}

impl Drop for Arrival {
    fn drop(&mut self) {
        self.all.0.lock().times.remove(&self.place);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_append_under_way_holds_the_mark_back() {
        let arrivals = Arrivals::default();
        let first = arrivals.begin(|| Time(10));
        let second = arrivals.begin(|| Time(20));
        assert_eq!(arrivals.settled_until(|| Time(30)), Time(9));
        drop(second);
        assert_eq!(arrivals.settled_until(|| Time(30)), Time(9));
        drop(first);
        assert_eq!(arrivals.settled_until(|| Time(30)), Time(29));
        let _same = [arrivals.begin(|| Time(40)), arrivals.begin(|| Time(40))];
        assert_eq!(arrivals.settled_until(|| Time(50)), Time(39));
        assert_eq!(arrivals.settled_until(|| Time(35)), Time(34), "the clock went back");
    }
}
