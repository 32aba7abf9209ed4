//! Who is never blocked, whatever anybody asks: without them this host, or those who watch over it, would be
//! cut off.

use crate::prefix::Prefix;
use crate::tls::every_address;
use parking_lot::Mutex;
use std::collections::HashMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use vedette_detect::Class;
use vedette_event::Time;

/// Who got in stays spared for a day, in microseconds; so many addresses are remembered.
const REMEMBERED: i64 = 86_400_000_000;
const MOST_SEATS: usize = 1000;

/// Addresses from which somebody got in: nobody may be locked out by their own block.
#[derive(Default)]
pub struct Seats(Mutex<HashMap<IpAddr, Time>>);

impl Seats {
    pub fn note(&self, address: IpAddr, now: Time) {
        let mut seats = self.0.lock();
        if seats.len() >= MOST_SEATS && !seats.contains_key(&address) {
            let oldest = seats.iter().min_by_key(|(_, seen)| seen.0).map(|(address, _)| *address);
            oldest.map(|oldest| seats.remove(&oldest));
        }
        seats.insert(address.to_canonical(), now);
    }

    fn hold(&self, address: IpAddr, now: Time) -> bool {
        self.0.lock().get(&address).is_some_and(|seen| now.since(*seen) < REMEMBERED)
    }
}

/// What this host needs, as it is at this moment.
#[derive(Clone, Debug, Default)]
pub struct Surroundings {
    pub own: Vec<IpAddr>,
    pub gateways: Vec<IpAddr>,
    pub resolvers: Vec<IpAddr>,
}

impl Surroundings {
    /// Reads files of the system; what cannot be read is left out.
    pub fn read() -> Surroundings {
        let text = |path: &str| std::fs::read_to_string(path).unwrap_or_default();
        let mut gateways = gateways_v4(&text("/proc/thread-self/net/route"));
        gateways.extend(gateways_v6(&text("/proc/thread-self/net/ipv6_route")));
        let mut resolvers = resolvers(&text("/etc/resolv.conf"));
        resolvers.extend(self::resolvers(&text("/run/systemd/resolve/resolv.conf")));
        Surroundings { own: every_address(), gateways, resolvers }
    }
}

/// Everything that spares an address.
pub struct Spared<'a> {
    pub surroundings: &'a Surroundings,
    pub listed: &'a [Prefix],
    pub classes: &'a [Class],
    pub seats: &'a Seats,
    /// Who asks.
    pub asker: Option<IpAddr>,
}

impl Spared<'_> {
    /// Why an address is never blocked: the end of a sentence that begins with it.
    pub fn why(&self, address: IpAddr, now: Time) -> Option<String> {
        let address = address.to_canonical();
        if address.is_loopback() {
            return Some("is this host itself (loopback)".to_owned());
        }
        if is_no_host(address) {
            return Some("is no single host".to_owned());
        }
        let held = |list: &[IpAddr]| list.iter().any(|one| one.to_canonical() == address);
        if held(&self.surroundings.own) {
            return Some("is one of this host's own addresses".to_owned());
        }
        if held(&self.surroundings.gateways) {
            return Some("is a router of this host".to_owned());
        }
        if held(&self.surroundings.resolvers) {
            return Some("resolves names for this host".to_owned());
        }
        if self.asker.is_some_and(|asker| asker.to_canonical() == address) {
            return Some("is where you are: the block would lock you out".to_owned());
        }
        if self.seats.hold(address, now) {
            return Some("is an address from which somebody used Vedette within a day".to_owned());
        }
        if let Some(class) = self.classes.iter().find(|class| class.names(address, now)) {
            return Some(format!("is approved as “{}”", class.name));
        }
        let listed = self.listed.iter().find(|prefix| prefix.contains(address));
        listed.map(|prefix| format!("is on the never-block list ({prefix})"))
    }
}

fn is_no_host(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => v4.is_unspecified() || v4.is_multicast() || v4.is_broadcast(),
        IpAddr::V6(v6) => v6.is_unspecified() || v6.is_multicast(),
    }
}

/// Lines of interface, destination, gateway, …: hexadecimal, the bytes in the order of the machine.
fn gateways_v4(text: &str) -> Vec<IpAddr> {
    let gateway = |line: &str| {
        let number = u32::from_str_radix(line.split_whitespace().nth(2)?, 16).ok()?;
        (number != 0).then(|| IpAddr::V4(Ipv4Addr::from(number.to_ne_bytes())))
    };
    text.lines().skip(1).filter_map(gateway).collect()
}

/// Lines of destination, length, source, length, next hop, …: 32 hexadecimal digits an address.
fn gateways_v6(text: &str) -> Vec<IpAddr> {
    let gateway = |line: &str| {
        let number = u128::from_str_radix(line.split_whitespace().nth(4)?, 16).ok()?;
        (number != 0).then(|| IpAddr::V6(Ipv6Addr::from_bits(number)))
    };
    text.lines().filter_map(gateway).collect()
}

fn resolvers(text: &str) -> Vec<IpAddr> {
    let address = |line: &str| {
        let rest = line.trim().strip_prefix("nameserver")?;
        rest.trim().split(['%', ' ', '\t', '#']).next()?.parse().ok()
    };
    text.lines().filter_map(address).collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn reads_what_linux_writes() {
        let route = "Iface\tDestination\tGateway\nlo\t0000007F\t00000000\neth0\t00000000\t010200C0\n";
        // On machines of this byte order.
        assert!(cfg!(target_endian = "big") || gateways_v4(route) == [ip("192.0.2.1")]);
        let route = format!(
            "{0} 00 {0} 00 fe80000000000000000000000000{1} 00000400\nshort\n",
            "0".repeat(32),
            "0001"
        );
        assert_eq!(gateways_v6(&route), [ip("fe80::1")]);
        assert_eq!(
            resolvers(
                "# x\nnameserver 192.0.2.53\nnameserver fe80::53%eth0 # y\nsearch example\nnameserver x"
            ),
            [ip("192.0.2.53"), ip("fe80::53")]
        );
    }

    #[test]
    fn each_reason_spares() {
        let surroundings = Surroundings {
            own: vec![ip("10.0.0.5")],
            gateways: vec![ip("10.0.0.1")],
            resolvers: vec![ip("10.0.0.2")],
        };
        let class =
            r#"{"name":"our scanner","why":"w","sources":["10.0.0.9"],"expires":"2027-01-01T00:00:00Z"}"#;
        let (classes, seats) = ([Class::parse_own(class).unwrap()], Seats::default());
        let now = Time::parse("2026-06-01T00:00:00Z").unwrap();
        seats.note(ip("::ffff:10.0.0.7"), now);
        let listed = ["192.0.2.0/24".parse().unwrap()];
        let spared = Spared {
            surroundings: &surroundings,
            listed: &listed,
            classes: &classes,
            seats: &seats,
            asker: Some(ip("10.0.0.8")),
        };
        for (address, part) in [
            ("127.0.0.1", "loopback"),
            ("::1", "loopback"),
            ("::ffff:127.0.0.1", "loopback"),
            ("0.0.0.0", "no single host"),
            ("224.0.0.1", "no single host"),
            ("10.0.0.5", "own addresses"),
            ("10.0.0.1", "router"),
            ("10.0.0.2", "resolves"),
            ("10.0.0.8", "lock you out"),
            ("10.0.0.7", "used Vedette"),
            ("10.0.0.9", "our scanner"),
            ("192.0.2.77", "192.0.2.0/24"),
        ] {
            let why = spared.why(ip(address), now).unwrap_or_default();
            assert!(why.contains(part), "{address}: {why}");
        }
        assert_eq!(spared.why(ip("203.0.113.9"), now), None);
        let later = now.plus(REMEMBERED);
        assert_eq!(spared.why(ip("10.0.0.7"), later), None, "a day later");
        assert_eq!(spared.why(ip("10.0.0.9"), now.plus(400 * REMEMBERED)), None, "its approval is over");
    }

    #[test]
    fn seats_are_bounded() {
        let seats = Seats::default();
        for n in 0..5000_u32 {
            seats.note(Ipv4Addr::from(n).into(), Time(n.into()));
        }
        assert_eq!(seats.0.lock().len(), MOST_SEATS);
        assert!(seats.hold(Ipv4Addr::from(4999).into(), Time(5000)));
    }
}
