//! What the kernel says of single sockets: their inodes by their ends (`sock_diag`), and the raw
//! ones there are. Needs no privilege; speaks of the network namespace of the calling thread.

use crate::netlink::{self, HEADER_LEN};
use crate::sys;
use std::collections::HashSet;
use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::net::IpAddr;
use std::os::fd::AsFd;
use vedette_event::Transport;

const SOCK_DIAG_BY_FAMILY: u16 = 20;
/// Where the inode stands in `inet_diag_msg`.
const INODE: usize = 68;
const RAW_ANY: u8 = 255;

/// A socket for questions.
pub struct Diag {
    socket: File,
    sequence: u32,
}

impl Diag {
    pub fn open() -> io::Result<Diag> {
        let socket = sys::socket(libc::AF_NETLINK, libc::SOCK_RAW, libc::NETLINK_SOCK_DIAG)?;
        let patience = libc::timeval { tv_sec: 0, tv_usec: 100_000 };
        sys::set_option(socket.as_fd(), libc::SOL_SOCKET, libc::SO_RCVTIMEO, &patience)?;
        Ok(Diag { socket: File::from(socket), sequence: 0 })
    }

    /// Inode of the socket with these ends; of the one that listens there where `remote` is absent,
    /// or has no socket of its own.
    pub fn inode(
        &mut self,
        transport: Transport,
        local: (IpAddr, u16),
        remote: Option<(IpAddr, u16)>,
    ) -> Option<u64> {
        let nobody: IpAddr = if local.0.is_ipv4() { [0_u8; 4].into() } else { [0_u8; 16].into() };
        let remote = remote.unwrap_or((nobody, 0));
        // Of UDP the kernel takes the two ends the other way round.
        let (one, other) = if transport == Transport::Udp { (remote, local) } else { (local, remote) };
        self.sequence = self.sequence.wrapping_add(1);
        let request = request(transport.number(), one, other, self.sequence);
        self.socket.write_all(&request).ok()?;
        let mut buffer = [0; 4096];
        for _ in 0..4 {
            let len = self.socket.read(&mut buffer).ok()?;
            let answer = buffer.get(..len)?;
            // An answer that came too late for an earlier question.
            if netlink::u32_at(answer, 8) != Some(self.sequence) {
                continue;
            }
            let mut inode = None;
            let each = &mut |kind: u16, body: &[u8]| {
                if kind == SOCK_DIAG_BY_FAMILY {
                    inode = netlink::u32_at(body, INODE);
                }
            };
            return netlink::messages(answer, each)
                .ok()
                .and(inode)
                .filter(|inode| *inode != 0)
                .map(u64::from);
        }
        None
    }
}

fn request(protocol: u8, source: (IpAddr, u16), target: (IpAddr, u16), sequence: u32) -> Vec<u8> {
    let mut message = Vec::with_capacity(HEADER_LEN + 56);
    message.extend(((HEADER_LEN + 56) as u32).to_ne_bytes());
    message.extend(SOCK_DIAG_BY_FAMILY.to_ne_bytes());
    message.extend((libc::NLM_F_REQUEST as u16).to_ne_bytes());
    message.extend(sequence.to_ne_bytes());
    message.extend(0_u32.to_ne_bytes());
    let family = if source.0.is_ipv4() { libc::AF_INET } else { libc::AF_INET6 };
    message.extend([family as u8, protocol, 0, 0]);
    // Every state.
    message.extend(u32::MAX.to_ne_bytes());
    message.extend(source.1.to_be_bytes());
    message.extend(target.1.to_be_bytes());
    for (address, _) in [source, target] {
        match address {
            IpAddr::V4(v4) => {
                message.extend(v4.octets());
                message.extend([0; 12]);
            }
            IpAddr::V6(v6) => message.extend(v6.octets()),
        }
    }
    // Any interface; no cookie.
    message.extend(0_u32.to_ne_bytes());
    message.extend([0xff; 8]);
    message
}

/// A socket that sends packets as they are made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Raw {
    inode: u64,
    /// IP protocol; `None` for a packet socket, which sends anything.
    protocol: Option<u8>,
}

/// The raw sockets of this network namespace that came after the sensor: those that were there
/// before are of programs that run for long, as DHCP clients do.
pub struct RawSockets {
    residents: HashSet<u64>,
}

impl RawSockets {
    pub fn here() -> RawSockets {
        RawSockets { residents: all().iter().map(|raw| raw.inode).collect() }
    }

    /// Inodes of those that can have sent a packet of this transport.
    pub fn newcomers(&self, transport: Transport) -> Vec<u64> {
        let mut able = all();
        able.retain(|raw| !self.residents.contains(&raw.inode) && can_send(raw.protocol, transport));
        // Who opened a socket for sending whole packets sends them; a packet socket may only listen.
        let sends = |raw: &Raw| raw.protocol.is_some();
        if able.iter().any(sends) {
            able.retain(sends);
        }
        able.iter().map(|raw| raw.inode).collect()
    }
}

fn can_send(protocol: Option<u8>, transport: Transport) -> bool {
    match (protocol, transport) {
        (None, _) => true,
        (Some(_), Transport::Arp) => false,
        (Some(RAW_ANY), _) => true,
        (Some(58), Transport::Icmp) => true,
        (Some(protocol), transport) => protocol == transport.number(),
    }
}

fn all() -> Vec<Raw> {
    // Of the calling thread's namespace: /proc/net is that of the first thread's.
    let read = |name: &str| fs::read_to_string(format!("/proc/thread-self/net/{name}")).unwrap_or_default();
    let mut sockets = packet_sockets(&read("packet"));
    for name in ["raw", "raw6"] {
        sockets.extend(raw_sockets(&read(name)));
    }
    sockets
}

/// `sk RefCnt Type Proto Iface R Rmem User Inode`
fn packet_sockets(text: &str) -> Vec<Raw> {
    let inode = |line: &str| line.split_whitespace().nth(8)?.parse().ok();
    text.lines().skip(1).filter_map(inode).map(|inode| Raw { inode, protocol: None }).collect()
}

/// `sl local_address:protocol rem_address st tx:rx tr:when retrnsmt uid timeout inode …`
fn raw_sockets(text: &str) -> Vec<Raw> {
    let socket = |line: &str| {
        let fields: Vec<&str> = line.split_whitespace().collect();
        let protocol = u16::from_str_radix(fields.get(1)?.rsplit(':').next()?, 16).ok()?;
        Some(Raw { inode: fields.get(9)?.parse().ok()?, protocol: Some(u8::try_from(protocol).ok()?) })
    };
    text.lines().skip(1).filter_map(socket).collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use std::net::{TcpListener, TcpStream, UdpSocket};
    use std::os::fd::AsRawFd;

    fn inode_of(fd: &impl AsRawFd) -> Option<u64> {
        let link = fs::read_link(format!("/proc/self/fd/{}", fd.as_raw_fd())).unwrap();
        link.to_str().unwrap().strip_prefix("socket:[")?.strip_suffix(']')?.parse().ok()
    }

    fn end(address: std::net::SocketAddr) -> (IpAddr, u16) {
        (address.ip(), address.port())
    }

    #[test]
    fn sockets_are_found_by_their_ends() {
        for host in ["127.0.0.1:0", "[::1]:0"] {
            let Ok(listener) = TcpListener::bind(host) else {
                println!("skipped: no {host} here");
                continue;
            };
            let mut diag = Diag::open().unwrap();
            let service = end(listener.local_addr().unwrap());
            assert_eq!(diag.inode(Transport::Tcp, service, None), inode_of(&listener));
            let stream = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
            let local = end(stream.local_addr().unwrap());
            assert_eq!(diag.inode(Transport::Tcp, local, Some(service)), inode_of(&stream));
            let udp = UdpSocket::bind(host).unwrap();
            let local = end(udp.local_addr().unwrap());
            assert_eq!(diag.inode(Transport::Udp, local, Some((local.0, 9))), inode_of(&udp));
            let nobody = (local.0, 1);
            assert_eq!(diag.inode(Transport::Tcp, nobody, Some(nobody)), None);
        }
    }

    #[test]
    fn the_kernels_tables_are_read() {
        let packet = "sk               RefCnt Type Proto  Iface R Rmem   User   Inode\n\
                      ffff8881045b1000 3      3    0003   2     1 0      0      28711\n\nx\n";
        assert_eq!(packet_sockets(packet), [Raw { inode: 28_711, protocol: None }]);
        let raw = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode ref pointer drops\n\
                   255: 00000000:00FF 00000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 28713 2 0000000000000000 0\n\
                    1: 00000000:0001 00000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 5 2 0 0\nrubbish\n";
        let sockets = raw_sockets(raw);
        assert_eq!(
            sockets,
            [Raw { inode: 28_713, protocol: Some(255) }, Raw { inode: 5, protocol: Some(1) }]
        );
        assert!(can_send(Some(255), Transport::Tcp) && can_send(Some(1), Transport::Icmp));
        assert!(!can_send(Some(1), Transport::Tcp) && !can_send(Some(255), Transport::Arp));
        assert!(can_send(None, Transport::Arp));
    }
}
