//! Which interface a packet is to be counted on.
//!
//! With a socket on all interfaces the same frame comes by once on every device of a stack: on the
//! port and on its bridge, on the slave and on its bond, on `eth0` with a tag and on `eth0.5`
//! without. The rule: a frame counts on the uppermost device that handles it, because that is
//! where the host's own addresses live. Belongs here: that rule and the names. Does not belong
//! here: how the list is obtained ([`crate::netlink`]) or what is done with a packet.

use crate::netlink::Link;
use std::collections::HashMap;
use std::sync::Arc;

/// Masters that hand the frames of their ports to the stack under their own name. A VRF does not:
/// its members keep their frames.
const TAKES_OVER: [&str; 5] = ["bridge", "bond", "team", "openvswitch", "hsr"];

/// Highest number of interfaces remembered at once. A host of containers that come and go gets
/// new indices all the time: the oldest names are forgotten beyond this.
const MAX_REMEMBERED: usize = 16_384;

/// What to do with the packets of one interface.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
struct Entry {
    name: Arc<str>,
    /// Its frames come by again on the device above it.
    hidden: bool,
    /// VLAN ids whose frames come by again on a VLAN interface above it.
    vlans_above: Vec<u16>,
    /// The id to note on its frames, which lost their tag.
    vlan: Option<u16>,
    present: bool,
}

/// What the capture needs to know of a packet's interface.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Count it. The VLAN id is of the interface, for frames that lost their tag there.
    Take { vlan: Option<u16> },
    /// It comes by again on the device above.
    Duplicate,
    /// The interface is not known yet: refresh.
    Unknown,
}

/// The interfaces of this host, by kernel index.
#[derive(Debug, Default)]
pub struct Interfaces {
    entries: HashMap<u32, Entry>,
}

impl Interfaces {
    /// Takes the kernel's present list. Interfaces that went keep their names, because packets of
    /// theirs may still be in the ring.
    pub fn update(&mut self, links: &[Link]) {
        if self.entries.len() > MAX_REMEMBERED {
            self.entries.clear();
        }
        for entry in self.entries.values_mut() {
            entry.present = false;
        }
        for link in links {
            let kept = self.entries.get(&link.index).filter(|entry| *entry.name == *link.name);
            let name = kept.map_or_else(|| Arc::from(link.name.as_str()), |entry| entry.name.clone());
            let master = link.master_kind.as_deref().unwrap_or_default();
            let entry = Entry {
                name,
                hidden: TAKES_OVER.contains(&master),
                vlans_above: links
                    .iter()
                    .filter_map(|above| above.vlan.filter(|(below, _)| above.up && *below == link.index))
                    .map(|(_, id)| id)
                    .collect(),
                vlan: link.vlan.map(|(_, id)| id),
                present: true,
            };
            self.entries.insert(link.index, entry);
        }
    }

    /// Where a packet of interface `index`, with the tag `vlan` if it bears one, is to be counted.
    pub fn verdict(&self, index: u32, vlan: Option<u16>) -> Verdict {
        let Some(entry) = self.entries.get(&index) else { return Verdict::Unknown };
        let above = |tag: u16| entry.vlans_above.contains(&(tag & 0x0fff));
        if entry.hidden || vlan.is_some_and(above) {
            return Verdict::Duplicate;
        }
        Verdict::Take { vlan: entry.vlan }
    }

    /// The name of an interface; empty when it was never seen.
    pub fn name(&self, index: u32) -> Arc<str> {
        self.entries.get(&index).map(|entry| entry.name.clone()).unwrap_or_default()
    }

    /// Names of the interfaces that exist now and whose packets are counted, sorted.
    pub fn observed(&self, wanted: impl Fn(&str) -> bool) -> Vec<String> {
        let observed = self.entries.values().filter(|entry| entry.present && !entry.hidden);
        let mut names: Vec<String> =
            observed.map(|entry| entry.name.to_string()).filter(|name| wanted(name)).collect();
        names.sort_unstable();
        names
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    fn link(index: u32, name: &str) -> Link {
        Link { index, name: name.to_owned(), up: true, ..Link::default() }
    }

    fn port(index: u32, name: &str, master_kind: &str) -> Link {
        Link { master_kind: Some(master_kind.to_owned()), ..link(index, name) }
    }

    #[test]
    fn a_bridge_counts_and_its_ports_do_not() {
        let mut interfaces = Interfaces::default();
        interfaces.update(&[
            link(1, "lo"),
            port(2, "eth0", "bridge"),
            link(3, "br0"),
            port(4, "eth1", "vrf"),
        ]);
        assert_eq!(interfaces.verdict(2, None), Verdict::Duplicate);
        assert_eq!(interfaces.verdict(3, None), Verdict::Take { vlan: None });
        assert_eq!(interfaces.verdict(4, None), Verdict::Take { vlan: None });
        assert_eq!(interfaces.verdict(9, None), Verdict::Unknown);
        assert_eq!(interfaces.observed(|_| true), ["br0", "eth1", "lo"]);
    }

    #[test]
    fn a_tagged_frame_counts_on_its_vlan_interface_once_there_is_one() {
        let mut interfaces = Interfaces::default();
        interfaces.update(&[link(2, "eth0")]);
        assert_eq!(interfaces.verdict(2, Some(0x6005)), Verdict::Take { vlan: None });
        let vlan = Link { vlan: Some((2, 5)), ..link(7, "eth0.5") };
        interfaces.update(&[link(2, "eth0"), vlan.clone()]);
        assert_eq!(interfaces.verdict(2, Some(0x6005)), Verdict::Duplicate);
        assert_eq!(interfaces.verdict(2, Some(6)), Verdict::Take { vlan: None });
        assert_eq!(interfaces.verdict(2, None), Verdict::Take { vlan: None });
        assert_eq!(interfaces.verdict(7, None), Verdict::Take { vlan: Some(5) });
        // While it is down its frames are seen below only.
        interfaces.update(&[link(2, "eth0"), Link { up: false, ..vlan }]);
        assert_eq!(interfaces.verdict(2, Some(5)), Verdict::Take { vlan: None });
    }

    #[test]
    fn names_follow_the_kernel_and_outlive_the_interface() {
        let mut interfaces = Interfaces::default();
        interfaces.update(&[link(2, "eth0")]);
        interfaces.update(&[link(2, "lan0")]);
        assert_eq!(&*interfaces.name(2), "lan0");
        interfaces.update(&[]);
        assert_eq!(&*interfaces.name(2), "lan0");
        assert!(interfaces.observed(|_| true).is_empty());
        assert_eq!(&*interfaces.name(77), "");
    }
}
