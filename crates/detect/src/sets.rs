//! Sets of ports and hosts that stay small: exact as long as that is cheap.

use crate::networks::bits;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::net::IpAddr;

/// Ports up to which a sorted list is smaller and faster than a map of bits.
const FEW: usize = 256;

/// Port numbers, exact; at most 8 KiB.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(into = "Vec<u16>", from = "Vec<u16>")]
pub(crate) struct PortSet {
    few: Vec<u16>,
    many: Option<Box<[u64; 1024]>>,
    len: u32,
}

impl PortSet {
    /// Adds a port; says whether it was new.
    pub(crate) fn insert(&mut self, port: u16) -> bool {
        let new = match &mut self.many {
            Some(map) => {
                let (word, mask) = (usize::from(port / 64), 1_u64 << (port % 64));
                let new = map[word] & mask == 0;
                map[word] |= mask;
                new
            }
            None => match self.few.binary_search(&port) {
                Ok(_) => false,
                Err(position) => {
                    self.few.insert(position, port);
                    true
                }
            },
        };
        self.len += u32::from(new);
        if self.few.len() > FEW {
            let mut map = Box::new([0_u64; 1024]);
            for port in std::mem::take(&mut self.few) {
                map[usize::from(port / 64)] |= 1 << (port % 64);
            }
            self.many = Some(map);
        }
        new
    }

    pub(crate) fn contains(&self, port: u16) -> bool {
        match &self.many {
            Some(map) => map[usize::from(port / 64)] & (1 << (port % 64)) != 0,
            None => self.few.binary_search(&port).is_ok(),
        }
    }

    pub(crate) fn len(&self) -> u32 {
        self.len
    }

    /// In ascending order.
    pub(crate) fn iter(&self) -> impl Iterator<Item = u16> {
        let many = self
            .many
            .as_ref()
            .map(|map| (0..=u16::MAX).filter(|port| map[usize::from(port / 64)] & (1 << (port % 64)) != 0));
        self.few.iter().copied().chain(many.into_iter().flatten())
    }

    pub(crate) fn heap_bytes(&self) -> usize {
        self.few.capacity() * 2 + self.many.as_ref().map_or(0, |_| 8_192)
    }
}

impl From<PortSet> for Vec<u16> {
    fn from(set: PortSet) -> Vec<u16> {
        set.iter().collect()
    }
}

impl From<Vec<u16>> for PortSet {
    fn from(ports: Vec<u16>) -> PortSet {
        let mut set = PortSet::default();
        ports.into_iter().for_each(|port| {
            set.insert(port);
        });
        set
    }
}

/// Hosts: the first [`HostSet::LISTED`] by address, all of them by an estimated number.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(into = "SavedHosts", try_from = "SavedHosts")]
pub(crate) struct HostSet {
    listed: BTreeSet<IpAddr>,
    latest: Option<IpAddr>,
    /// Registers of a HyperLogLog sketch, once the list is full (standard error 1.6 %).
    sketch: Option<Box<[u8; HostSet::REGISTERS]>>,
}

impl HostSet {
    pub(crate) const LISTED: usize = 1_000;
    const REGISTERS: usize = 4_096;

    /// Adds a host; says whether it was new, as far as the list knows.
    pub(crate) fn insert(&mut self, host: IpAddr) -> bool {
        if self.latest == Some(host) {
            return false;
        }
        self.latest = Some(host);
        if self.listed.contains(&host) {
            return false;
        }
        if self.listed.len() < Self::LISTED {
            return self.listed.insert(host);
        }
        if self.sketch.is_none() {
            let mut registers = Box::new([0; Self::REGISTERS]);
            self.listed.iter().for_each(|&host| observe(&mut registers, host));
            self.sketch = Some(registers);
        }
        if let Some(registers) = &mut self.sketch {
            observe(registers, host);
        }
        true
    }

    /// Among the listed ones.
    pub(crate) fn contains(&self, host: IpAddr) -> bool {
        self.listed.contains(&host)
    }

    pub(crate) fn len(&self) -> u32 {
        match &self.sketch {
            Some(registers) => estimate(registers).max(Self::LISTED as u32 + 1),
            None => self.listed.len() as u32,
        }
    }

    /// The listed ones, in ascending order.
    pub(crate) fn iter(&self) -> impl Iterator<Item = IpAddr> {
        self.listed.iter().copied()
    }

    pub(crate) fn is_cut(&self) -> bool {
        self.sketch.is_some()
    }

    pub(crate) fn heap_bytes(&self) -> usize {
        self.listed.len() * 32 + self.sketch.as_ref().map_or(0, |_| Self::REGISTERS)
    }
}

/// A [`HostSet`] as a checkpoint holds it.
#[derive(Serialize, Deserialize)]
struct SavedHosts {
    listed: Vec<IpAddr>,
    sketch: Vec<u8>,
}

impl From<HostSet> for SavedHosts {
    fn from(set: HostSet) -> SavedHosts {
        let sketch = set.sketch.map_or_else(Vec::new, |registers| registers.to_vec());
        SavedHosts { listed: set.listed.into_iter().collect(), sketch }
    }
}

impl TryFrom<SavedHosts> for HostSet {
    type Error = &'static str;

    fn try_from(saved: SavedHosts) -> Result<HostSet, &'static str> {
        let sketch = match saved.sketch.len() {
            0 => None,
            _ => Some(Box::new(saved.sketch.try_into().map_err(|_| "a sketch of another size")?)),
        };
        let listed: BTreeSet<IpAddr> = saved.listed.into_iter().take(HostSet::LISTED).collect();
        Ok(HostSet { listed, latest: None, sketch })
    }
}

/// Enters a host. The mixing is fixed (splitmix64), because the estimate is told and two runs
/// must agree; a sender who chooses addresses by it can only make its own sweep look different
/// in size.
fn observe(registers: &mut [u8; HostSet::REGISTERS], host: IpAddr) {
    let wide = bits(host);
    let mut mixed = (wide as u64) ^ ((wide >> 64) as u64).rotate_left(31);
    mixed = mixed.wrapping_add(0x9e37_79b9_7f4a_7c15);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^= mixed >> 31;
    let register = &mut registers[(mixed >> 52) as usize];
    *register = (*register).max((mixed << 12).leading_zeros() as u8 + 1);
}

/// Flajolet et al. 2007, with linear counting for small numbers.
fn estimate(registers: &[u8; HostSet::REGISTERS]) -> u32 {
    let m = HostSet::REGISTERS as f64;
    let sum: f64 = registers.iter().map(|&rank| (-f64::from(rank)).exp2()).sum();
    let empty = registers.iter().filter(|&&rank| rank == 0).count();
    let raw = 0.7213 / (1.0 + 1.079 / m) * m * m / sum;
    let estimate = if raw < 2.5 * m && empty > 0 { m * (m / empty as f64).ln() } else { raw };
    estimate.round() as u32
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::Ipv4Addr;

    #[test]
    fn ports_are_exact_in_both_forms() {
        let mut set = PortSet::default();
        for port in (0..=u16::MAX).rev().step_by(3) {
            assert!(set.insert(port));
            assert!(!set.insert(port));
        }
        assert_eq!(set.len(), 21_846);
        assert!(set.contains(0) && set.contains(u16::MAX) && !set.contains(1));
        assert!(set.iter().eq((0..=u16::MAX).step_by(3)));
        assert!(set.heap_bytes() <= 8_192 + 2 * 2 * FEW);
    }

    #[test]
    fn hosts_are_exact_while_listed_and_estimated_beyond() {
        let mut set = HostSet::default();
        for n in 0..1_000 {
            assert!(set.insert(IpAddr::V4(Ipv4Addr::from_bits(0x0a00_0000 + n))));
        }
        assert_eq!((set.len(), set.is_cut()), (1_000, false));
        for n in 0..200_000 {
            set.insert(IpAddr::V4(Ipv4Addr::from_bits(0x0a00_0000 + n)));
        }
        let error = (f64::from(set.len()) / 200_000.0 - 1.0).abs();
        assert!(error < 0.06, "{error}");
        assert_eq!(set.iter().count(), 1_000);
    }
}
