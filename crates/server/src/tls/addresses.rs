//! The addresses of this host, for its certificate: read from /proc, which needs no rights.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// More would only make the certificate large.
const MOST: usize = 64;

/// This host's addresses that others use, loopback among them, as many as a certificate takes; what cannot
/// be read is left out.
pub fn local_addresses() -> Vec<IpAddr> {
    let link_local = |address: &IpAddr| matches!(address, IpAddr::V6(v6) if v6.is_unicast_link_local());
    every_address().into_iter().filter(|address| !link_local(address)).take(MOST).collect()
}

/// All of this host's addresses.
pub fn every_address() -> Vec<IpAddr> {
    let v4 = std::fs::read_to_string("/proc/thread-self/net/fib_trie").unwrap_or_default();
    let v6 = std::fs::read_to_string("/proc/thread-self/net/if_inet6").unwrap_or_default();
    let mut all = vec![IpAddr::V4(Ipv4Addr::LOCALHOST), IpAddr::V6(Ipv6Addr::LOCALHOST)];
    all.extend(fib_trie(&v4).into_iter().map(IpAddr::V4));
    all.extend(if_inet6(&v6).into_iter().map(IpAddr::V6));
    all
}

/// Addresses of the local table: a line `|-- 192.0.2.2` followed by `/32 host LOCAL`.
fn fib_trie(text: &str) -> Vec<Ipv4Addr> {
    let mut found: Vec<Ipv4Addr> = Vec::new();
    let mut last = None;
    for line in text.lines().map(str::trim) {
        if let Some((_, address)) = line.split_once("|-- ") {
            last = address.parse().ok();
        } else if line == "/32 host LOCAL"
            && let Some(address) = last
            && !found.contains(&address)
        {
            found.push(address);
        }
    }
    found
}

/// Lines of 32 hexadecimal digits and more.
fn if_inet6(text: &str) -> Vec<Ipv6Addr> {
    let address = |line: &str| u128::from_str_radix(line.get(..32)?, 16).ok().map(Ipv6Addr::from);
    text.lines().filter_map(address).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_linux_writes() {
        let trie = "Main:\n  +-- 0.0.0.0/0 3 0 5\n     |-- 192.0.2.0\n        /24 link UNICAST\nLocal:\n\
                    |-- 127.0.0.1\n /32 host LOCAL\n |-- 192.0.2.2\n /32 host LOCAL\n |-- 192.0.2.2\n \
                    /32 host LOCAL\n |-- 192.0.2.255\n /32 link BROADCAST\n";
        assert_eq!(fib_trie(trie), [Ipv4Addr::LOCALHOST, Ipv4Addr::new(192, 0, 2, 2)]);
        let inet6 = "fd000000000000000000000000000002 02 40 00 80 eth0\n\
                     fe8000000000000000fc00fffe000001 02 40 20 80 eth0\nshort\n";
        let link_local = Ipv6Addr::new(0xfe80, 0, 0, 0, 0xfc, 0xff, 0xfe00, 1);
        assert_eq!(if_inet6(inet6), [Ipv6Addr::new(0xfd00, 0, 0, 0, 0, 0, 0, 2), link_local]);
        assert!(!local_addresses().contains(&link_local.into()));
        assert!(local_addresses().contains(&IpAddr::V4(Ipv4Addr::LOCALHOST)));
    }
}
