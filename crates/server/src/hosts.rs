//! The hosts that sensors run on: today this one. What the Cortex API calls endpoints, and the rows of
//! the dataset `endpoints`.

use crate::api::cortex::Here;
use crate::clock;
use crate::sensing::{Sensing, SensorState};
use crate::state::{StateError, Store};
use crate::tls::local_addresses;
use std::fs;
use std::net::IpAddr;
use std::sync::Arc;
use vedette_event::Time;
use vedette_event::datasets::endpoints::Endpoint;

/// When this host was first an endpoint, as a setting: microseconds since 1970.
const FIRST_SEEN: &str = "endpoint_first_seen";

pub struct Hosts {
    store: Arc<Store>,
    sensing: Arc<Sensing>,
    started_at: Time,
}

impl Hosts {
    pub fn new(store: Arc<Store>, sensing: Arc<Sensing>, started_at: Time) -> Hosts {
        Hosts { store, sensing, started_at }
    }

    /// All of them, as they are now. Reads a few files of the system.
    pub fn all(&self) -> Result<Vec<Endpoint>, StateError> {
        let observer = vedette_sensor::observer();
        let report = self.sensing.report();
        let running = report.state == SensorState::Running;
        let (operational_status, operational_reason) = match (running, report.health.degraded.first()) {
            (true, None) => ("PROTECTED", None),
            (true, Some(part)) => ("PARTIALLY_PROTECTED", Some(format!("{}: {}", part.what, part.reason))),
            (false, _) => ("UNPROTECTED", report.reason.clone()),
        };
        let now = clock::now();
        let seen = report.health.last_packet.or(report.started_at).unwrap_or(self.started_at);
        let (mut ipv4, mut ipv6) = (Vec::new(), Vec::new());
        for address in local_addresses().into_iter().filter(|address| !address.is_loopback()) {
            match address {
                IpAddr::V4(address) => ipv4.push(address.to_string()),
                IpAddr::V6(address) => ipv6.push(address.to_string()),
            }
        }
        Ok(vec![Endpoint {
            id: observer.id.clone(),
            name: observer.hostname.clone(),
            status: if running { "CONNECTED" } else { "DISCONNECTED" },
            operational_status,
            operational_reason,
            os_type: "AGENT_OS_LINUX",
            operating_system: os_release(&fs::read_to_string("/etc/os-release").unwrap_or_default()),
            ipv4,
            ipv6,
            mac: report.health.interfaces.iter().filter_map(|name| mac(name)).collect(),
            interfaces: report.health.interfaces,
            version: env!("CARGO_PKG_VERSION").to_owned(),
            first_seen: self.first_seen()?,
            last_seen: if running { now } else { seen },
        }])
    }

    /// This host, as alerts name it.
    pub fn here(&self) -> Here {
        let observer = vedette_sensor::observer();
        let interfaces = self.sensing.report().health.interfaces;
        Here {
            id: observer.id.clone(),
            name: observer.hostname.clone(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            mac: interfaces.iter().filter_map(|name| mac(name)).collect(),
        }
    }

    fn first_seen(&self) -> Result<Time, StateError> {
        let known = self.store.setting(FIRST_SEEN)?.and_then(|text| text.parse().ok());
        if let Some(known) = known {
            return Ok(Time(known));
        }
        self.store.set_setting(FIRST_SEEN, &self.started_at.0.to_string())?;
        Ok(self.started_at)
    }
}

/// The name for people in `/etc/os-release`.
fn os_release(text: &str) -> Option<String> {
    let line = text.lines().find_map(|line| line.strip_prefix("PRETTY_NAME="))?;
    let name = line.trim().trim_matches(['"', '\'']);
    (!name.is_empty()).then(|| name.to_owned())
}

fn mac(interface: &str) -> Option<String> {
    if interface.contains('/') || interface.starts_with('.') {
        return None;
    }
    let text = fs::read_to_string(format!("/sys/class/net/{interface}/address")).ok()?;
    let text = text.trim();
    (!text.is_empty() && text != "00:00:00:00:00:00").then(|| text.to_owned())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn this_host_is_one_and_says_whether_it_is_watched() {
        let store = Arc::new(Store::in_memory());
        let hosts = Hosts::new(store.clone(), Sensing::idle(), Time(5));
        let all = hosts.all().unwrap();
        assert_eq!((all.len(), all[0].status, all[0].operational_status), (1, "DISCONNECTED", "UNPROTECTED"));
        assert_eq!((all[0].first_seen, all[0].last_seen), (Time(5), Time(5)));
        let later = Hosts::new(store, Sensing::idle(), Time(9));
        assert_eq!(later.all().unwrap()[0].first_seen, Time(5), "kept over a restart");
    }

    #[test]
    fn reads_what_systems_write() {
        assert_eq!(os_release("ID=x\nPRETTY_NAME=\"Debian 12\"\n").as_deref(), Some("Debian 12"));
        assert_eq!(os_release("PRETTY_NAME=\"\"\n"), None);
        assert_eq!(mac("../../etc"), None);
    }
}
