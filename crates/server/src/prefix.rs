//! Networks as people write them: one address, or a prefix with its length.

use ipnet::IpNet;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

/// An address with how many of its leading bits count. In JSON a text: `10.0.0.9`, `10.0.0.0/8`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Prefix(IpNet);

impl Prefix {
    /// One address alone.
    pub fn host(address: IpAddr) -> Prefix {
        Prefix(address.to_canonical().into())
    }

    pub fn contains(&self, address: IpAddr) -> bool {
        self.0.contains(&address.to_canonical())
    }

    /// So wide that it says little: larger than any one organisation's network.
    pub fn is_wide(&self) -> bool {
        self.0.prefix_len() < if self.0.addr().is_ipv4() { 8 } else { 32 }
    }

    /// Every address of its family.
    pub fn is_everything(&self) -> bool {
        self.0.prefix_len() == 0
    }
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
        let network = match length {
            Some(length) => IpNet::new(base, length).map_err(|_| wrong())?,
            None => base.into(),
        };
        let first = network.trunc();
        if first != network {
            return Err(format!("{network} has bits beyond its length: write {first}"));
        }
        Ok(Prefix(network))
    }
}

fn shortened(text: &str) -> String {
    text.chars().take(60).collect()
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
        if self.0.prefix_len() == self.0.max_prefix_len() {
            write!(f, "{}", self.0.addr())
        } else {
            write!(f, "{}", self.0)
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
