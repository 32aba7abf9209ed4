//! Numbers for observers, so that each remembered contact knows who saw it in two bytes: a sweep
//! over a fleet is seen by another agent at each step, and those before the verdict count too.

use std::collections::HashMap;
use std::sync::Arc;
use vedette_event::Observer;

/// Observers that get a number; more agents than a server serves.
const MOST: usize = 32_768;
/// The number of those that have none.
pub(crate) const NOBODY: u16 = 0;

#[derive(Default)]
pub(crate) struct Observers {
    /// Numbers count from 1.
    list: Vec<Arc<Observer>>,
    numbers: HashMap<String, u16>,
    /// Asked for last: most often it is asked for again.
    latest: Option<(Arc<Observer>, u16)>,
}

impl Observers {
    /// Puts back what was saved; those beyond the bound are forgotten.
    pub(crate) fn restore(saved: Vec<Arc<Observer>>) -> Observers {
        let mut observers = Observers::default();
        saved.iter().for_each(|observer| {
            observers.number(observer);
        });
        observers
    }

    pub(crate) fn saved(&self) -> &[Arc<Observer>] {
        &self.list
    }

    pub(crate) fn number(&mut self, observer: &Arc<Observer>) -> u16 {
        if let Some((latest, number)) = &self.latest
            && Arc::ptr_eq(latest, observer)
        {
            return *number;
        }
        if let Some(&known) = self.numbers.get(&observer.id) {
            self.latest = Some((Arc::clone(observer), known));
            return known;
        }
        if self.list.len() >= MOST {
            return NOBODY;
        }
        self.list.push(Arc::clone(observer));
        let number = u16::try_from(self.list.len()).unwrap_or(NOBODY);
        self.numbers.insert(observer.id.clone(), number);
        number
    }

    /// The number of one that has one, without giving it one.
    pub(crate) fn known(&self, observer: &Arc<Observer>) -> Option<u16> {
        match &self.latest {
            Some((latest, number)) if Arc::ptr_eq(latest, observer) => Some(*number),
            _ => self.numbers.get(&observer.id).copied(),
        }
    }

    pub(crate) fn of(&self, number: u16) -> Option<&Arc<Observer>> {
        self.list.get(usize::from(number).checked_sub(1)?)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use vedette_event::ObserverKind;

    fn observer(n: usize) -> Arc<Observer> {
        Arc::new(Observer { id: format!("agent-{n}"), hostname: String::new(), kind: ObserverKind::Sensor })
    }

    #[test]
    fn equal_identifiers_have_one_number_and_there_is_a_bound() {
        let mut observers = Observers::default();
        assert_eq!(observers.number(&observer(1)), observers.number(&observer(1)));
        for n in 0..MOST + 10 {
            observers.number(&observer(n));
        }
        assert_eq!((observers.list.len(), observers.number(&observer(MOST + 5))), (MOST, NOBODY));
        assert_eq!(observers.of(2).unwrap().id, "agent-0");
        assert!(observers.of(NOBODY).is_none() && observers.of(u16::MAX).is_none());
        let again = Observers::restore(observers.saved().to_vec());
        assert_eq!(again.of(2).unwrap().id, "agent-0");
    }
}
