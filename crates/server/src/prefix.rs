//! Networks as people write them: one address, or a prefix with its length.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::net::{IpAddr, Ipv6Addr};
use std::str::FromStr;

/// An address with how many of its leading bits count. In JSON a text: `10.0.0.9`, `10.0.0.0/8`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Prefix {
    base: IpAddr,
    length: u8,
}

impl Prefix {
    /// One address alone.
    pub fn host(address: IpAddr) -> Prefix {
        let base = address.to_canonical();
        Prefix { base, length: width(base) }
    }

    pub fn contains(&self, address: IpAddr) -> bool {
        match (self.base, address.to_canonical()) {
            (IpAddr::V4(a), IpAddr::V4(b)) => same(a.to_bits().into(), b.to_bits().into(), 32, self.length),
            (IpAddr::V6(a), IpAddr::V6(b)) => same(a.to_bits(), b.to_bits(), 128, self.length),
            _ => false,
        }
    }

    /// So wide that it says little: larger than any one organisation's network.
    pub fn is_wide(&self) -> bool {
        self.length < if self.base.is_ipv4() { 8 } else { 32 }
    }

    /// Every address of its family.
    pub fn is_everything(&self) -> bool {
        self.length == 0
    }
}

fn width(address: IpAddr) -> u8 {
    if address.is_ipv4() { 32 } else { 128 }
}

/// Whether the first `length` of `width` bits agree.
fn same(a: u128, b: u128, width: u32, length: u8) -> bool {
    let rest = width.saturating_sub(length.into());
    a.checked_shr(rest).unwrap_or(0) == b.checked_shr(rest).unwrap_or(0)
}

impl FromStr for Prefix {
    type Err = String;

    fn from_str(text: &str) -> Result<Prefix, String> {
        let wrong = || format!("{:?} is neither an address nor a network like 10.0.0.0/8", shortened(text));
        let (address, length) = match text.trim().split_once('/') {
            Some((address, length)) => (address, Some(length.parse::<u8>().map_err(|_| wrong())?)),
            None => (text.trim(), None),
        };
        let base: IpAddr = address.parse().map_err(|_| wrong())?;
        let length = length.unwrap_or(width(base));
        if length > width(base) {
            return Err(wrong());
        }
        let first = masked(base, length);
        if first != base {
            return Err(format!("{base}/{length} has bits beyond its length: write {first}/{length}"));
        }
        Ok(Prefix { base, length })
    }
}

fn shortened(text: &str) -> String {
    text.chars().take(60).collect()
}

fn masked(address: IpAddr, length: u8) -> IpAddr {
    let keep = |width: u32| u128::MAX.checked_shl(width.saturating_sub(length.into())).unwrap_or(0);
    match address {
        // The upper bits of the mask are beyond the address.
        IpAddr::V4(v4) => IpAddr::V4((v4.to_bits() & keep(32) as u32).into()),
        IpAddr::V6(v6) => IpAddr::V6(Ipv6Addr::from_bits(v6.to_bits() & keep(128))),
    }
}

impl TryFrom<String> for Prefix {
    type Error = String;

    fn try_from(text: String) -> Result<Prefix, String> {
        text.parse()
    }
}

impl From<Prefix> for String {
    fn from(prefix: Prefix) -> String {
        prefix.to_string()
    }
}

impl fmt::Display for Prefix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.length == width(self.base) {
            write!(f, "{}", self.base)
        } else {
            write!(f, "{}/{}", self.base, self.length)
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn holds_its_own_and_no_others() {
        let holds = |prefix: &str, address: &str| {
            prefix.parse::<Prefix>().unwrap().contains(address.parse().unwrap())
        };
        assert!(holds("10.0.0.9", "10.0.0.9") && !holds("10.0.0.9", "10.0.0.8"));
        assert!(holds("10.0.0.0/8", "10.255.0.1") && !holds("10.0.0.0/8", "11.0.0.1"));
        assert!(holds("2001:db8::/32", "2001:db8:9::1") && !holds("2001:db8::/32", "2001:db9::1"));
        assert!(holds("0.0.0.0/0", "1.2.3.4") && !holds("0.0.0.0/0", "::1"));
        assert!(holds("10.0.0.0/8", "::ffff:10.1.1.1"), "one address in two ways of writing");
    }

    #[test]
    fn nonsense_is_refused_and_says_why() {
        for wrong in ["", "host", "10.0.0.1/33", "::/129", "10.0.0.0/", "10.0.0.0/-1", "10.0.0.0/8/8"] {
            assert!(wrong.parse::<Prefix>().is_err(), "{wrong}");
        }
        let loose = "10.0.0.9/8".parse::<Prefix>().unwrap_err();
        assert!(loose.ends_with("write 10.0.0.0/8"), "{loose}");
    }

    #[test]
    fn is_a_text_in_json() {
        let both: Vec<Prefix> = serde_json::from_str(r#"["10.0.0.0/8", "fd00::1"]"#).unwrap();
        assert_eq!(serde_json::to_string(&both).unwrap(), r#"["10.0.0.0/8","fd00::1"]"#);
        assert!(serde_json::from_str::<Prefix>("5").is_err());
        assert!("0.0.0.0/7".parse::<Prefix>().unwrap().is_wide());
        assert!(!"10.0.0.0/8".parse::<Prefix>().unwrap().is_wide());
    }
}
