//! What the sensor says of the host it runs on.

use sha2::{Digest, Sha256};
use std::fs;
use std::sync::Arc;
use vedette_event::{Observer, ObserverKind};

/// Longest host name Linux allows, twice over: what is longer is not one.
const MAX_NAME: usize = 128;

/// This host as an observer. The identifier stays the same over restarts and renames; it is
/// derived from `/etc/machine-id`, which must not be shown itself, or from the host name where
/// there is none.
pub fn observer() -> Arc<Observer> {
    let hostname = host_name();
    let machine = ["/etc/machine-id", "/var/lib/dbus/machine-id"]
        .iter()
        .filter_map(|path| fs::read_to_string(path).ok())
        .find_map(|text| machine_id(&text));
    let id = match machine {
        Some(machine) => derive("machine", &machine),
        None => derive("host", &hostname),
    };
    Arc::new(Observer { id, hostname, kind: ObserverKind::Sensor })
}

/// The host's name; `localhost` when it has none.
pub fn host_name() -> String {
    let text = fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    let name: String = text.trim().chars().filter(|c| !c.is_control()).take(MAX_NAME).collect();
    if name.is_empty() || name == "(none)" { "localhost".to_owned() } else { name }
}

/// 32 hexadecimal digits; an image may hold the word `uninitialized` or nothing.
fn machine_id(text: &str) -> Option<String> {
    let text = text.trim();
    let valid = text.len() == 32 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    (valid && text.bytes().any(|byte| byte != b'0')).then(|| text.to_ascii_lowercase())
}

fn derive(kind: &str, value: &str) -> String {
    let digest = Sha256::digest(format!("vedette observer\n{kind}\n{value}"));
    digest.iter().take(16).map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_identifier_is_stable_and_hides_the_machine_id() {
        let observer = observer();
        assert_eq!(observer.id.len(), 32);
        assert_eq!(observer.id, super::observer().id);
        assert!(!observer.hostname.is_empty());
        let machine = "0123456789abcdef0123456789ABCDEF";
        let derived = machine_id(machine).map(|machine| derive("machine", &machine));
        assert_eq!(derived.as_deref(), Some(derive("machine", &machine.to_lowercase()).as_str()));
        assert_ne!(derived.as_deref(), Some(machine));
    }

    #[test]
    fn what_is_no_machine_id_is_not_used() {
        for text in [
            "",
            "uninitialized\n",
            "00000000000000000000000000000000",
            "0123",
            "zz23456789abcdef0123456789abcdef",
        ] {
            assert_eq!(machine_id(text), None, "{text:?}");
        }
    }
}
