//! The kernel's lists of interfaces and addresses, over rtnetlink. Needs no privilege.
//!
//! Belongs here: two dump requests and a bounded parser of their answers. Does not belong here:
//! what the interfaces mean for capture, see [`crate::interfaces`].

use crate::sys;
use std::fs::File;
use std::io::{self, Read, Write};
use std::net::IpAddr;
use std::os::fd::AsFd;

/// An interface as the kernel lists it.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Link {
    pub index: u32,
    pub name: String,
    pub up: bool,
    /// What kind of master it hands its frames to: `bridge`, `bond`, `team`, `vrf`, …
    pub master_kind: Option<String>,
    /// For a VLAN interface: the index of the interface below it in this namespace, and the id.
    pub vlan: Option<(u32, u16)>,
}

pub(crate) const HEADER_LEN: usize = 16;
const IFLA_IFNAME: u16 = 3;
const IFLA_LINK: u16 = 5;
const IFLA_LINKINFO: u16 = 18;
const IFLA_EXT_MASK: u16 = 29;
const IFLA_LINK_NETNSID: u16 = 37;
const IFLA_INFO_KIND: u16 = 1;
const IFLA_INFO_DATA: u16 = 2;
const IFLA_INFO_SLAVE_KIND: u16 = 4;
const IFLA_VLAN_ID: u16 = 1;
const IFA_ADDRESS: u16 = 1;
const IFA_LOCAL: u16 = 2;
/// Leave the traffic counters out: they are most of an answer.
const RTEXT_FILTER_SKIP_STATS: u32 = 1 << 3;
/// The two high bits of an attribute's type are flags.
const TYPE_MASK: u16 = 0x3fff;
/// An answer of this many bytes in all is the end: far more than 4,096 interfaces take.
const MAX_ANSWER: usize = 16 << 20;

/// Every interface of this network namespace.
pub fn links() -> io::Result<Vec<Link>> {
    let mut body = [0_u8; 16 + 8];
    body[16..18].copy_from_slice(&8_u16.to_ne_bytes());
    body[18..20].copy_from_slice(&IFLA_EXT_MASK.to_ne_bytes());
    body[20..24].copy_from_slice(&RTEXT_FILTER_SKIP_STATS.to_ne_bytes());
    let mut links = Vec::new();
    dump(libc::RTM_GETLINK, &body, |kind, body| {
        if kind == libc::RTM_NEWLINK {
            links.extend(parse_link(body));
        }
    })?;
    Ok(links)
}

/// Every address of this network namespace's interfaces.
pub fn addresses() -> io::Result<Vec<IpAddr>> {
    let mut addresses = Vec::new();
    dump(libc::RTM_GETADDR, &[0; 8], |kind, body| {
        if kind == libc::RTM_NEWADDR {
            addresses.extend(parse_address(body));
        }
    })?;
    addresses.sort_unstable();
    addresses.dedup();
    Ok(addresses)
}

fn dump(request: u16, body: &[u8], mut each: impl FnMut(u16, &[u8])) -> io::Result<()> {
    let socket = sys::socket(libc::AF_NETLINK, libc::SOCK_RAW, libc::NETLINK_ROUTE)?;
    let patience = libc::timeval { tv_sec: 1, tv_usec: 0 };
    sys::set_option(socket.as_fd(), libc::SOL_SOCKET, libc::SO_RCVTIMEO, &patience)?;
    // Reading and writing a netlink socket as a file is what it allows, with the kernel as the
    // other side.
    let mut socket = File::from(socket);
    let mut message = Vec::with_capacity(HEADER_LEN + body.len());
    message.extend(((HEADER_LEN + body.len()) as u32).to_ne_bytes());
    message.extend(request.to_ne_bytes());
    message.extend(((libc::NLM_F_REQUEST | libc::NLM_F_DUMP) as u16).to_ne_bytes());
    message.extend(1_u32.to_ne_bytes());
    message.extend(0_u32.to_ne_bytes());
    message.extend(body);
    socket.write_all(&message)?;
    let mut buffer = vec![0; 64 * 1024];
    let mut total = 0;
    while total < MAX_ANSWER {
        let len = socket.read(&mut buffer)?;
        total += len.max(1);
        if messages(&buffer[..len], &mut each)? {
            return Ok(());
        }
    }
    Err(io::Error::other("the kernel's list of interfaces does not end"))
}

/// Hands on the messages of one datagram; true when the dump ends with it.
pub(crate) fn messages(mut bytes: &[u8], each: &mut impl FnMut(u16, &[u8])) -> io::Result<bool> {
    while let (Some(len), Some(kind)) = (u32_at(bytes, 0), u16_at(bytes, 4)) {
        let len = len as usize;
        let Some(body) = bytes.get(HEADER_LEN..len) else { break };
        match i32::from(kind) {
            libc::NLMSG_DONE => return Ok(true),
            libc::NLMSG_ERROR => {
                let code = u32_at(body, 0).map_or(0, |code| code as i32);
                return Err(io::Error::from_raw_os_error(code.saturating_neg()));
            }
            _ => each(kind, body),
        }
        bytes = bytes.get(align(len)..).unwrap_or_default();
    }
    Ok(false)
}

fn parse_link(body: &[u8]) -> Option<Link> {
    let index = u32_at(body, 4)?;
    let up = u32_at(body, 8)? & libc::IFF_UP as u32 != 0;
    let mut link = Link { index, up, ..Link::default() };
    let (mut below, mut vlan_id, mut is_vlan, mut below_is_elsewhere) = (None, None, false, false);
    for (kind, value) in attributes(body.get(16..)?) {
        match kind {
            IFLA_IFNAME => link.name = text(value),
            IFLA_LINK => below = u32_at(value, 0),
            IFLA_LINK_NETNSID => below_is_elsewhere = true,
            IFLA_LINKINFO => {
                for (kind, value) in attributes(value) {
                    match kind {
                        IFLA_INFO_KIND => is_vlan = text(value) == "vlan",
                        IFLA_INFO_SLAVE_KIND => link.master_kind = Some(text(value)),
                        IFLA_INFO_DATA => {
                            vlan_id = attributes(value)
                                .find(|(kind, _)| *kind == IFLA_VLAN_ID)
                                .and_then(|(_, value)| u16_at(value, 0));
                        }
                        _ => {}
                    }
                }
            }
            _ => {}
        }
    }
    if is_vlan && !below_is_elsewhere {
        link.vlan = below.zip(vlan_id);
    }
    (!link.name.is_empty()).then_some(link)
}

fn parse_address(body: &[u8]) -> Option<IpAddr> {
    let family = i32::from(*body.first()?);
    let mut address = None;
    for (kind, value) in attributes(body.get(8..)?) {
        // On a point-to-point interface the first is the other side's, the second ours.
        if kind == IFA_LOCAL || (kind == IFA_ADDRESS && address.is_none()) {
            address = match family {
                libc::AF_INET => <[u8; 4]>::try_from(value).ok().map(IpAddr::from),
                libc::AF_INET6 => <[u8; 16]>::try_from(value).ok().map(IpAddr::from),
                _ => None,
            };
        }
    }
    address
}

/// Type and value of each attribute, until the end or the first one that does not fit.
fn attributes(mut bytes: &[u8]) -> impl Iterator<Item = (u16, &[u8])> {
    std::iter::from_fn(move || {
        let len = usize::from(u16_at(bytes, 0)?);
        let kind = u16_at(bytes, 2)? & TYPE_MASK;
        let value = bytes.get(4..len)?;
        bytes = bytes.get(align(len)..).unwrap_or_default();
        Some((kind, value))
    })
}

fn align(len: usize) -> usize {
    len.saturating_add(3) & !3
}

fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    bytes.get(at..at + 2)?.try_into().ok().map(u16::from_ne_bytes)
}

pub(crate) fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    bytes.get(at..at + 4)?.try_into().ok().map(u32::from_ne_bytes)
}

/// A C string as text; anything not UTF-8 becomes a replacement character.
fn text(value: &[u8]) -> String {
    let end = value.iter().position(|byte| *byte == 0).unwrap_or(value.len());
    String::from_utf8_lossy(&value[..end]).into_owned()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    fn attribute(kind: u16, value: &[u8]) -> Vec<u8> {
        let mut bytes = ((4 + value.len()) as u16).to_ne_bytes().to_vec();
        bytes.extend(kind.to_ne_bytes());
        bytes.extend(value);
        bytes.resize(align(bytes.len()), 0);
        bytes
    }

    fn link(attributes: &[Vec<u8>]) -> Vec<u8> {
        let mut body = vec![0; 4];
        body.extend(7_u32.to_ne_bytes());
        body.extend(1_u32.to_ne_bytes());
        body.extend([0; 4]);
        body.extend(attributes.concat());
        body
    }

    #[test]
    fn this_host_has_loopback() {
        let links = links().unwrap();
        assert!(links.iter().any(|link| link.name == "lo" && link.index == 1), "{links:?}");
        // A fresh network namespace may have loopback down; then there is no address at all.
        if links.iter().any(|link| link.name == "lo" && link.up) {
            assert!(addresses().unwrap().contains(&"127.0.0.1".parse().unwrap()));
        }
    }

    #[test]
    fn a_vlan_interface_names_what_is_below_it() {
        let info = [
            attribute(IFLA_INFO_KIND, b"vlan\0"),
            attribute(IFLA_INFO_DATA, &attribute(IFLA_VLAN_ID, &5_u16.to_ne_bytes())),
        ]
        .concat();
        let mut parts = vec![
            attribute(IFLA_IFNAME, b"eth0.5\0"),
            attribute(IFLA_LINK, &2_u32.to_ne_bytes()),
            attribute(IFLA_LINKINFO | 0x8000, &info),
        ];
        let parsed = parse_link(&link(&parts)).unwrap();
        assert_eq!((parsed.index, parsed.name.as_str(), parsed.up), (7, "eth0.5", true));
        assert_eq!(parsed.vlan, Some((2, 5)));
        // Its lower interface lies in another namespace: nothing of ours is below it.
        parts.push(attribute(IFLA_LINK_NETNSID, &0_u32.to_ne_bytes()));
        assert_eq!(parse_link(&link(&parts)).unwrap().vlan, None);
    }

    #[test]
    fn a_bridge_port_says_so() {
        let info = attribute(IFLA_INFO_SLAVE_KIND, b"bridge\0");
        let parts = [attribute(IFLA_IFNAME, b"veth1\0"), attribute(IFLA_LINKINFO, &info)];
        assert_eq!(parse_link(&link(&parts)).unwrap().master_kind.as_deref(), Some("bridge"));
    }

    #[test]
    fn our_side_of_a_point_to_point_address_is_the_local_one() {
        let mut body = vec![libc::AF_INET as u8, 32, 0, 0, 1, 0, 0, 0];
        body.extend(attribute(IFA_ADDRESS, &[10, 0, 0, 2]));
        assert_eq!(parse_address(&body), Some("10.0.0.2".parse().unwrap()));
        body.extend(attribute(IFA_LOCAL, &[10, 0, 0, 1]));
        assert_eq!(parse_address(&body), Some("10.0.0.1".parse().unwrap()));
    }

    #[test]
    fn cut_messages_end_the_list() {
        let whole = link(&[attribute(IFLA_IFNAME, b"eth0\0")]);
        for end in 0..whole.len() {
            let _ = parse_link(&whole[..end]);
            let _ = parse_address(&whole[..end]);
            let _ = messages(&whole[..end], &mut |_, _| {});
        }
        // Lengths of zero and beyond the end neither loop nor panic.
        assert_eq!(attributes(&[0, 0, 1, 0, 9, 9]).count(), 0);
        assert_eq!(attributes(&[255, 255, 1, 0]).count(), 0);
        assert!(!messages(&[0; 64], &mut |_, _| {}).unwrap());
        let mut error = vec![20, 0, 0, 0, 2, 0, 0, 0];
        error.extend([0; 8]);
        error.extend((-libc::EPERM).to_ne_bytes());
        let failed = messages(&error, &mut |_, _| {}).unwrap_err();
        assert_eq!(failed.raw_os_error(), Some(libc::EPERM));
    }
}
