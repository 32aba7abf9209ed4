//! A sensor on a host of the lab, and what it reported.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, dead_code)]

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use vedette_event::{Event, EventKind, Transport};
use vedette_lab::Lab;
use vedette_sensor::{Sensor, SensorConfig, SensorHandle, SensorHealth, observer};

pub struct Watch {
    pub handle: SensorHandle,
    events: Arc<Mutex<Vec<Event>>>,
}

impl Watch {
    pub fn on(lab: &Lab, host: usize, config: SensorConfig) -> Watch {
        lab.enter(host, || Watch::here(config))
    }

    /// In the network namespace of the calling thread.
    pub fn here(config: SensorConfig) -> Watch {
        let events = Arc::new(Mutex::new(Vec::new()));
        let sink = events.clone();
        let sensor = Sensor::open(config).expect("a capture");
        let handle =
            sensor.start(observer(), move |batch| sink.lock().unwrap().extend(batch)).expect("threads");
        Watch { handle, events }
    }

    pub fn events(&self) -> Vec<Event> {
        self.events.lock().unwrap().clone()
    }

    /// Waits until `enough` holds of the events, at most five seconds.
    pub fn until(&self, enough: impl Fn(&[Event]) -> bool) -> Vec<Event> {
        let end = Instant::now() + Duration::from_secs(5);
        while Instant::now() < end {
            let events = self.events();
            if enough(&events) {
                return events;
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        panic!("not within five seconds; {:?}\n{}", self.handle.health(), summary(&self.events()));
    }

    /// Waits until the health is as wanted, at most five seconds.
    pub fn until_health(&self, wanted: impl Fn(&SensorHealth) -> bool) -> SensorHealth {
        let end = Instant::now() + Duration::from_secs(5);
        while Instant::now() < end {
            let health = self.handle.health();
            if wanted(&health) {
                return health;
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        panic!("not within five seconds: {:?}", self.handle.health());
    }

    /// Stops the sensor and returns everything it reported.
    pub fn stop(self) -> (Vec<Event>, SensorHealth) {
        let health = self.handle.stop();
        let events = std::mem::take(&mut *self.events.lock().unwrap());
        (events, health)
    }
}

/// How often each target port was reported as an attempt of `source` over `transport`.
pub fn ports(events: &[Event], source: IpAddr, transport: Transport) -> HashMap<u16, usize> {
    let mut ports = HashMap::new();
    for event in events {
        if event.kind == EventKind::Attempt && event.source == source && event.transport == transport {
            *ports.entry(event.target_port).or_default() += 1;
        }
    }
    ports
}

pub fn summary(events: &[Event]) -> String {
    let line = |event: &Event| {
        format!(
            "{:?} {:?} {:?} {}:{} > {}:{} {:?} vlan {:?} on {}",
            event.kind,
            event.transport,
            event.direction,
            event.source,
            event.source_port,
            event.target,
            event.target_port,
            event.outcome,
            event.vlan,
            event.interface
        )
    };
    events.iter().take(40).map(line).collect::<Vec<_>>().join("\n")
}
