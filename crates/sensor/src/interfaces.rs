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

/// Interfaces remembered at once. A host of containers that come and go gets new indices all the
/// time; beyond this many, those that are gone are forgotten.
const MAX_REMEMBERED: usize = 2_048;

/// What is known of one interface.
#[derive(Clone, Debug, Default)]
struct Entry {
    /// Its number in frames; small, where kernel indices only grow.
    number: u32,
    name: Arc<str>,
    /// Its frames come by again on the device above it.
    hidden: bool,
    /// VLAN ids whose frames come by again on a VLAN interface above it.
    vlans_above: Vec<u16>,
    /// The id to note on its frames, which lost their tag.
    vlan: Option<u16>,
    present: bool,
}

/// What to do with a packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Count it on the interface with this number. The VLAN id is of the interface, for frames that
    /// lost their tag there.
    Take { number: u32, vlan: Option<u16> },
    /// It comes by again on the device above.
    Duplicate,
}

/// The interfaces of this host, by kernel index.
#[derive(Debug, Default)]
pub struct Interfaces {
    entries: HashMap<u32, Entry>,
    next_number: u32,
    free_numbers: Vec<u32>,
    unknown_seen: bool,
}

impl Interfaces {
    /// Takes the kernel's present list; returns the numbers whose names are new. Interfaces that
    /// went keep their names, because packets of theirs may still be on their way. Where not `all`
    /// are captured nothing is hidden: whoever names a bridge port wants to see it.
    pub fn update(&mut self, links: &[Link], all: bool) -> Vec<(u32, Arc<str>)> {
        self.unknown_seen = false;
        for entry in self.entries.values_mut() {
            entry.present = false;
        }
        // One that is down handles nothing: its frames are seen below only.
        let above = links.iter().filter(|link| all && link.up);
        let vlans: Vec<_> = above.filter_map(|link| link.vlan).collect();
        let mut named = Vec::new();
        for link in links {
            let entry = self.entry(link.index);
            entry.present = true;
            entry.hidden = all && link.master_kind.as_deref().is_some_and(|kind| TAKES_OVER.contains(&kind));
            entry.vlans_above =
                vlans.iter().filter(|(below, _)| *below == link.index).map(|(_, id)| *id).collect();
            entry.vlan = link.vlan.map(|(_, id)| id);
            if *entry.name != *link.name {
                entry.name = Arc::from(link.name.as_str());
                named.push((entry.number, entry.name.clone()));
            }
        }
        if self.entries.len() > MAX_REMEMBERED {
            let free_numbers = &mut self.free_numbers;
            self.entries.retain(|_, entry| {
                if !entry.present {
                    free_numbers.push(entry.number);
                }
                entry.present
            });
        }
        named
    }

    fn entry(&mut self, index: u32) -> &mut Entry {
        let (next, free) = (&mut self.next_number, &mut self.free_numbers);
        self.entries.entry(index).or_insert_with(|| {
            let number = free.pop().unwrap_or_else(|| {
                *next += 1;
                *next - 1
            });
            Entry { number, ..Entry::default() }
        })
    }

    /// What to do with a packet of interface `index`, with the tag `vlan` if it bears one. An
    /// interface not heard of yet gets a number at once and a name at the next update.
    pub fn verdict(&mut self, index: u32, vlan: Option<u16>) -> Verdict {
        let Some(entry) = self.entries.get(&index) else {
            self.unknown_seen = true;
            return Verdict::Take { number: self.entry(index).number, vlan: None };
        };
        let above = |tag: u16| entry.vlans_above.contains(&(tag & 0x0fff));
        if entry.hidden || vlan.is_some_and(above) {
            return Verdict::Duplicate;
        }
        Verdict::Take { number: entry.number, vlan: entry.vlan }
    }

    /// Whether a packet of an unknown interface was seen since the last update.
    pub fn unknown_seen(&self) -> bool {
        self.unknown_seen
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

    fn take(number: u32, vlan: Option<u16>) -> Verdict {
        Verdict::Take { number, vlan }
    }

    #[test]
    fn a_bridge_counts_and_its_ports_do_not() {
        let mut interfaces = Interfaces::default();
        interfaces.update(
            &[link(1, "lo"), port(2, "eth0", "bridge"), link(3, "br0"), port(4, "eth1", "vrf")],
            true,
        );
        assert_eq!(interfaces.verdict(2, None), Verdict::Duplicate);
        assert_eq!(interfaces.verdict(3, None), take(2, None));
        assert_eq!(interfaces.verdict(4, None), take(3, None));
        assert_eq!(interfaces.observed(|_| true), ["br0", "eth1", "lo"]);
        assert_eq!(interfaces.observed(|name| name != "lo"), ["br0", "eth1"]);
    }

    #[test]
    fn a_port_that_was_named_counts() {
        let mut interfaces = Interfaces::default();
        let vlan = Link { vlan: Some((2, 5)), ..link(7, "eth0.5") };
        interfaces.update(&[port(2, "eth0", "bridge"), link(3, "br0"), vlan], false);
        assert_eq!(interfaces.verdict(2, Some(5)), take(0, None));
        assert_eq!(interfaces.observed(|name| name == "eth0"), ["eth0"]);
    }

    #[test]
    fn a_tagged_frame_counts_on_its_vlan_interface_once_there_is_one() {
        let mut interfaces = Interfaces::default();
        interfaces.update(&[link(2, "eth0")], true);
        assert_eq!(interfaces.verdict(2, Some(0x6005)), take(0, None));
        let vlan = Link { vlan: Some((2, 5)), ..link(7, "eth0.5") };
        interfaces.update(&[link(2, "eth0"), vlan.clone()], true);
        assert_eq!(interfaces.verdict(2, Some(0x6005)), Verdict::Duplicate);
        assert_eq!(interfaces.verdict(2, Some(6)), take(0, None));
        assert_eq!(interfaces.verdict(2, None), take(0, None));
        assert_eq!(interfaces.verdict(7, None), take(1, Some(5)));
        interfaces.update(&[link(2, "eth0"), Link { up: false, ..vlan }], true);
        assert_eq!(interfaces.verdict(2, Some(5)), take(0, None));
    }

    #[test]
    fn an_unknown_interface_counts_at_once_and_is_named_later() {
        let mut interfaces = Interfaces::default();
        assert!(!interfaces.unknown_seen());
        assert_eq!(interfaces.verdict(9, None), take(0, None));
        assert!(interfaces.unknown_seen());
        assert_eq!(interfaces.update(&[link(9, "eth0")], true), [(0, "eth0".into())]);
        assert!(!interfaces.unknown_seen());
        assert!(interfaces.update(&[link(9, "eth0")], true).is_empty());
        assert_eq!(interfaces.update(&[link(9, "lan0")], true), [(0, "lan0".into())]);
        interfaces.update(&[], true);
        assert!(interfaces.observed(|_| true).is_empty());
    }

    #[test]
    fn numbers_stay_small_however_many_interfaces_come_and_go() {
        let mut interfaces = Interfaces::default();
        for index in 0..6_000 {
            interfaces.update(&[link(index, &format!("veth{index}"))], true);
        }
        assert!(interfaces.entries.len() <= MAX_REMEMBERED + 1);
        assert!(interfaces.next_number <= MAX_REMEMBERED as u32 + 2, "{}", interfaces.next_number);
    }
}
