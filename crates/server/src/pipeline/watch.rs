//! Watching single addresses on their way through the pipeline: how the self-test sees where its
//! probes got lost, and how its alert is told from others.

use parking_lot::RwLock;
use std::net::IpAddr;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use vedette_event::{Detection, Event};

/// A pair of addresses that only one self-test uses, and how far its events came.
pub struct Watch {
    pub source: IpAddr,
    pub target: IpAddr,
    /// Events that reached the intake, …
    pub arrived: AtomicU64,
    /// … that are durable in the lake, …
    pub stored: AtomicU64,
    /// … and that the detector has looked at.
    pub examined: AtomicU64,
    /// The campaign the detector told of about them.
    pub detection: OnceLock<String>,
}

impl Watch {
    fn concerns(&self, event: &Event) -> bool {
        event.target == self.target && event.source == self.source
    }
}

#[derive(Default)]
pub struct Watches {
    any: AtomicBool,
    list: RwLock<Vec<Arc<Watch>>>,
}

impl Watches {
    pub fn begin(&self, source: IpAddr, target: IpAddr) -> Arc<Watch> {
        let watch = Arc::new(Watch {
            source,
            target,
            arrived: AtomicU64::new(0),
            stored: AtomicU64::new(0),
            examined: AtomicU64::new(0),
            detection: OnceLock::new(),
        });
        let mut list = self.list.write();
        // A campaign is told of until minutes after its last probe: old ones stay a while.
        if list.len() >= 64 {
            list.remove(0);
        }
        list.push(watch.clone());
        self.any.store(true, Ordering::Release);
        watch
    }

    /// Counts the events of a batch that are watched; next to nothing when none are.
    pub fn note(&self, counter: impl Fn(&Watch) -> &AtomicU64, events: &[Event]) {
        if !self.any.load(Ordering::Acquire) {
            return;
        }
        for watch in self.list.read().iter() {
            let count = events.iter().filter(|event| watch.concerns(event)).count();
            counter(watch).fetch_add(count as u64, Ordering::AcqRel);
        }
    }

    /// The watch a detection is about, when it is about nothing else: the very source and target
    /// of a self-test.
    pub fn of(&self, detection: &Detection) -> Option<Arc<Watch>> {
        let list = self.list.read();
        let ours = |watch: &&Arc<Watch>| {
            detection.source_ips.iter().chain(&detection.candidate_ips).all(|ip| *ip == watch.source)
                && detection.target_ips.iter().all(|ip| *ip == watch.target)
                && !detection.target_ips.is_empty()
                && !detection.addresses_cut
        };
        list.iter().find(ours).cloned()
    }
}
