//! How much of what is answered an observer sees.
//!
//! A sensor that sees one direction only (asymmetric routing), or loses packets, sees questions whose answers it
//! missed. Then silence says less. Connections show it: a source that acknowledges was answered, whether
//! or not the answer was seen.
//!
//! Belongs here: one number an observer. Does not belong here: what it does to weights (see
//! [`crate::evidence`]).

use vedette_event::{Event, ObserverKind, Outcome, Transport};

/// Connections before anything is concluded.
const LEAST: f32 = 8.0;
/// Connections remembered; then both counts are halved, so that the present counts.
const MOST: f32 = 128.0;

#[derive(Clone, Copy, Debug, Default)]
struct Sight {
    seen: f32,
    missed: f32,
}

/// By observer's number ([`crate::observers`]).
#[derive(Debug, Default)]
pub(crate) struct Sights(Vec<Sight>);

/// Whether an event tells that its answer was seen, or was missed.
pub(crate) fn tells(event: &Event) -> Option<bool> {
    if event.transport != Transport::Tcp || event.observer.kind == ObserverKind::Log {
        return None;
    }
    match event.outcome {
        Outcome::Accepted if event.handshake_completed => Some(true),
        Outcome::Unknown => Some(false),
        _ => None,
    }
}

impl Sights {
    pub(crate) fn note(&mut self, observer: u16, seen: bool) {
        let place = usize::from(observer);
        if self.0.len() <= place {
            self.0.resize(place + 1, Sight::default());
        }
        let sight = &mut self.0[place];
        *if seen { &mut sight.seen } else { &mut sight.missed } += 1.0;
        if sight.seen + sight.missed > MOST {
            (sight.seen, sight.missed) = (sight.seen / 2.0, sight.missed / 2.0);
        }
    }

    /// The part of answers that the observer misses, from 0 to 1.
    pub(crate) fn missed(&self, observer: u16) -> f32 {
        let Some(sight) = self.0.get(usize::from(observer)) else { return 0.0 };
        let all = sight.seen + sight.missed;
        if all < LEAST { 0.0 } else { sight.missed / all }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::syn;

    #[test]
    fn a_few_connections_tell_nothing_and_the_present_counts() {
        let mut sights = Sights::default();
        (0..5).for_each(|_| sights.note(3, false));
        assert_eq!(sights.missed(3), 0.0);
        (0..5).for_each(|_| sights.note(3, true));
        assert_eq!((sights.missed(3), sights.missed(2), sights.missed(9)), (0.5, 0.0, 0.0));
        (0..1_000).for_each(|_| sights.note(3, true));
        assert!(sights.missed(3) < 0.01);
    }

    #[test]
    fn logs_tell_nothing() {
        let mut event = syn("10.0.0.9", "10.0.0.5", 80);
        event.outcome = Outcome::Unknown;
        assert_eq!(tells(&event), Some(false));
        event.outcome = Outcome::Refused;
        assert_eq!(tells(&event), None);
    }
}
