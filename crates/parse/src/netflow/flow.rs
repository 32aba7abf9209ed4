//! One flow record, and what the numbered fields of templates mean.
//!
//! Numbers are those of the IANA registry of IPFIX information elements, which NetFlow 9 shares
//! below 128 but for its own of Cisco's firewalls.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use vedette_event::Time;

/// Enterprise of fields that are told for the way back (RFC 5103).
pub(super) const REVERSE: u32 = 29_305;
/// NTP counts from 1900.
const NTP: i64 = 2_208_988_800;

#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Flow {
    pub(super) version: u16,
    pub(super) exporter: Option<IpAddr>,
    pub(super) domain: u32,
    pub(super) source: Option<IpAddr>,
    pub(super) target: Option<IpAddr>,
    pub(super) source_port: Option<u16>,
    pub(super) target_port: Option<u16>,
    pub(super) protocol: Option<u8>,
    pub(super) bytes: Option<u64>,
    pub(super) packets: Option<u64>,
    /// Of the way back, where one record tells both.
    pub(super) bytes_back: Option<u64>,
    pub(super) packets_back: Option<u64>,
    pub(super) flags_back: Option<u16>,
    pub(super) start: Time,
    pub(super) end: Time,
    pub(super) flags: Option<u16>,
    pub(super) tos: Option<u8>,
    pub(super) icmp: Option<(u8, u8)>,
    pub(super) inbound: Option<u32>,
    pub(super) outbound: Option<u32>,
    pub(super) source_as: Option<u32>,
    pub(super) target_as: Option<u32>,
    pub(super) next_hop: Option<IpAddr>,
    pub(super) nat_source: Option<IpAddr>,
    pub(super) nat_target: Option<IpAddr>,
    /// What a firewall says became of it.
    pub(super) event: Option<u8>,
    /// Cisco's reason for it.
    pub(super) extended: Option<u16>,
    pub(super) end_reason: Option<u8>,
    pub(super) sampling: Option<u32>,
    pub(super) vlan: Option<u16>,
}

/// firewallEvent (233).
pub(super) const CREATED: u8 = 1;
pub(super) const DELETED: u8 = 2;
pub(super) const DENIED: u8 = 3;

pub(super) fn event_name(event: u8) -> Option<&'static str> {
    match event {
        CREATED => Some("created"),
        DELETED => Some("deleted"),
        DENIED => Some("denied"),
        4 => Some("alert"),
        5 => Some("updated"),
        _ => None,
    }
}

/// The times of a record, before it is known which of them it has.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Times {
    /// Milliseconds since the exporter started, of the datagram and of the first and last packet.
    pub(super) uptime: Option<u32>,
    pub(super) first: Option<u32>,
    pub(super) last: Option<u32>,
    pub(super) start: Option<Time>,
    pub(super) end: Option<Time>,
    pub(super) event: Option<Time>,
    /// Microseconds before the datagram was sent.
    pub(super) start_before: Option<u32>,
    pub(super) end_before: Option<u32>,
    /// When the exporter started, where it says so.
    pub(super) boot: Option<Time>,
    /// When the datagram was sent.
    pub(super) sent: Time,
}

impl Times {
    /// First and last packet.
    pub(super) fn resolve(&self) -> (Time, Time) {
        // The counter wraps after 49 days; the difference does not care.
        let up = |at: Option<u32>| match (at, self.boot, self.uptime) {
            (Some(at), Some(boot), _) => Some(boot.plus(i64::from(at) * 1_000)),
            (Some(at), None, Some(now)) => {
                let ago = i64::from(now.wrapping_sub(at) as i32);
                Some(self.sent.plus(-ago * 1_000))
            }
            _ => None,
        };
        let before = |micros: Option<u32>| micros.map(|micros| self.sent.plus(-i64::from(micros)));
        let start = self.start.or(up(self.first)).or(before(self.start_before));
        let end = self.end.or(up(self.last)).or(before(self.end_before)).or(self.event);
        let start = start.or(end).unwrap_or(self.sent);
        (start, end.unwrap_or(start).max(start))
    }
}

/// A big-endian number of one to eight bytes.
fn number(bytes: &[u8]) -> Option<u64> {
    (!bytes.is_empty() && bytes.len() <= 8)
        .then(|| bytes.iter().fold(0, |sum, byte| (sum << 8) | u64::from(*byte)))
}

fn small<T: TryFrom<u64>>(bytes: &[u8]) -> Option<T> {
    number(bytes).and_then(|value| T::try_from(value).ok())
}

fn address(bytes: &[u8]) -> Option<IpAddr> {
    let v4 = || <[u8; 4]>::try_from(bytes).ok().map(|bytes| IpAddr::V4(Ipv4Addr::from(bytes)));
    let v6 = || <[u8; 16]>::try_from(bytes).ok().map(|bytes| IpAddr::V6(Ipv6Addr::from(bytes)));
    v4().or_else(v6)
}

fn unix(bytes: &[u8], per_second: i64) -> Option<Time> {
    let value = i64::try_from(number(bytes)?).ok()?;
    value.checked_mul(1_000_000 / per_second).map(Time)
}

/// NTP's seconds and 2⁻³² fractions.
fn ntp(bytes: &[u8]) -> Option<Time> {
    let value = number(bytes).filter(|_| bytes.len() == 8)?;
    let (seconds, fraction) = ((value >> 32) as i64, value & 0xffff_ffff);
    Some(Time((seconds - NTP) * 1_000_000 + ((fraction * 1_000_000) >> 32) as i64))
}

impl Flow {
    /// Puts a field where it belongs; what has no place here is left out.
    pub(super) fn set(&mut self, enterprise: u32, field: u16, bytes: &[u8], times: &mut Times) {
        match enterprise {
            0 => self.set_standard(field, bytes, times),
            REVERSE => match field {
                1 | 85 => self.bytes_back = number(bytes),
                2 | 86 => self.packets_back = number(bytes),
                6 => self.flags_back = small(bytes),
                _ => {}
            },
            _ => {}
        }
    }

    fn set_standard(&mut self, field: u16, bytes: &[u8], times: &mut Times) {
        match field {
            1 | 85 => self.bytes = number(bytes),
            // Both ways, with the next ones; Cisco writes the initiator's.
            231 => self.bytes = number(bytes),
            232 => self.bytes_back = number(bytes),
            2 | 86 | 298 => self.packets = number(bytes),
            299 => self.packets_back = number(bytes),
            4 => self.protocol = small(bytes),
            5 => self.tos = small(bytes),
            6 => self.flags = small(bytes),
            7 | 180 | 182 => self.source_port = small(bytes),
            11 | 181 | 183 => self.target_port = small(bytes),
            8 | 27 => self.source = address(bytes),
            12 | 28 => self.target = address(bytes),
            10 => self.inbound = small(bytes),
            14 => self.outbound = small(bytes),
            15 | 62 => self.next_hop = address(bytes),
            16 => self.source_as = small(bytes),
            17 => self.target_as = small(bytes),
            32 | 139 => self.icmp = small::<u16>(bytes).map(|both| ((both >> 8) as u8, both as u8)),
            176 | 178 => self.icmp = small(bytes).map(|kind| (kind, self.icmp.map_or(0, |(_, code)| code))),
            177 | 179 => self.icmp = small(bytes).map(|code| (self.icmp.map_or(0, |(kind, _)| kind), code)),
            34 | 50 | 305 => self.sampling = small(bytes),
            58 | 243 => self.vlan = small(bytes),
            136 => self.end_reason = small(bytes),
            225 | 281 => self.nat_source = address(bytes),
            226 | 282 => self.nat_target = address(bytes),
            // 40005 was Cisco's own before it was numbered.
            233 | 40_005 => self.event = small(bytes),
            33_002 => self.extended = small(bytes),
            _ => times.set(field, bytes),
        }
    }
}

impl Times {
    fn set(&mut self, field: u16, bytes: &[u8]) {
        match field {
            22 => self.first = small(bytes),
            21 => self.last = small(bytes),
            150 => self.start = unix(bytes, 1),
            151 => self.end = unix(bytes, 1),
            152 => self.start = unix(bytes, 1_000),
            153 => self.end = unix(bytes, 1_000),
            154 | 156 => self.start = ntp(bytes),
            155 | 157 => self.end = ntp(bytes),
            158 => self.start_before = small(bytes),
            159 => self.end_before = small(bytes),
            160 => self.boot = unix(bytes, 1_000),
            323 => self.event = unix(bytes, 1_000),
            _ => {}
        }
    }
}
