//! Frames made by hand, and a socket that sends them at a given pace.

use std::ffi::CString;
use std::io;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};
use std::time::{Duration, Instant};

/// Frames handed to the kernel in one call.
const BATCH: usize = 64;

/// A packet socket on one interface of a host, for sending only.
#[derive(Debug)]
pub struct Sender {
    socket: OwnedFd,
}

impl Sender {
    pub(crate) fn open(interface: &str) -> Sender {
        let name = CString::new(interface).expect("an interface name");
        // SAFETY: the name is a C string; the other calls take no pointers but to `address`, whose
        // length is given; the descriptor is fresh and owned by nobody else.
        unsafe {
            let index = libc::if_nametoindex(name.as_ptr());
            assert_ne!(index, 0, "no interface {interface}");
            let fd = libc::socket(libc::AF_PACKET, libc::SOCK_RAW | libc::SOCK_CLOEXEC, 0);
            assert!(fd >= 0, "packet socket: {}", io::Error::last_os_error());
            let socket = OwnedFd::from_raw_fd(fd);
            let mut address: libc::sockaddr_ll = std::mem::zeroed();
            address.sll_family = libc::AF_PACKET as u16;
            address.sll_ifindex = index as i32;
            let len = size_of::<libc::sockaddr_ll>() as libc::socklen_t;
            let bound = libc::bind(fd, std::ptr::from_ref(&address).cast(), len);
            assert_eq!(bound, 0, "bind: {}", io::Error::last_os_error());
            // Not this socket's concern, and the queue's own limit would pace the flood.
            let bypass: libc::c_int = 1;
            let option = std::ptr::from_ref(&bypass).cast();
            libc::setsockopt(fd, libc::SOL_PACKET, libc::PACKET_QDISC_BYPASS, option, 4);
            Sender { socket }
        }
    }

    /// Sends frames in order, as fast as they go.
    pub fn send<F: AsRef<[u8]>>(&self, frames: &[F]) {
        for batch in frames.chunks(BATCH) {
            self.send_batch(batch);
        }
    }

    /// Sends frames that `make` builds by their number, evenly at `rate` a second, for `time`.
    /// Returns how many were sent.
    pub fn flood(&self, rate: u64, time: Duration, mut make: impl FnMut(u64, &mut Vec<u8>)) -> u64 {
        assert!(time <= Duration::from_secs(30), "loads are bounded");
        let start = Instant::now();
        let mut frames: Vec<Vec<u8>> = vec![Vec::new(); BATCH];
        let mut sent = 0;
        while start.elapsed() < time {
            let due = (start.elapsed().as_micros() as u64 * rate) / 1_000_000;
            if due < sent + BATCH as u64 {
                std::thread::sleep(Duration::from_micros(200));
                continue;
            }
            for frame in &mut frames {
                frame.clear();
                make(sent, frame);
                sent += 1;
            }
            self.send_batch(&frames);
        }
        sent
    }

    fn send_batch<F: AsRef<[u8]>>(&self, frames: &[F]) {
        let mut parts: Vec<libc::iovec> = frames
            .iter()
            .map(|frame| libc::iovec {
                iov_base: frame.as_ref().as_ptr().cast_mut().cast(),
                iov_len: frame.as_ref().len(),
            })
            .collect();
        let mut messages: Vec<libc::mmsghdr> = parts
            .iter_mut()
            .map(|part| {
                // SAFETY: all-zero bytes are a valid mmsghdr.
                let mut message: libc::mmsghdr = unsafe { std::mem::zeroed() };
                message.msg_hdr.msg_iov = part;
                message.msg_hdr.msg_iovlen = 1;
                message
            })
            .collect();
        let mut done = 0;
        while done < messages.len() {
            let left = &mut messages[done..];
            // SAFETY: pointer and count describe `left`; each message points at one part, each
            // part at a frame that outlives the call and is only read.
            let sent = unsafe {
                libc::sendmmsg(self.socket.as_raw_fd(), left.as_mut_ptr(), left.len() as libc::c_uint, 0)
            };
            match sent {
                1.. => done += sent as usize,
                _ if io::Error::last_os_error().raw_os_error() == Some(libc::ENOBUFS) => {
                    std::thread::sleep(Duration::from_micros(50));
                }
                _ => panic!("sending: {}", io::Error::last_os_error()),
            }
        }
    }
}

/// An Ethernet frame of `kind` (its EtherType).
pub fn ethernet(to: [u8; 6], from: [u8; 6], kind: u16, payload: &[u8]) -> Vec<u8> {
    [&to[..], &from[..], &kind.to_be_bytes(), payload].concat()
}

/// Puts an 802.1Q tag into an Ethernet frame.
pub fn vlan(frame: &[u8], id: u16) -> Vec<u8> {
    let tag = [0x81, 0x00, (id >> 8) as u8, id as u8];
    [&frame[..12], &tag, &frame[12..]].concat()
}

/// An IPv4 packet with its checksum.
pub fn ipv4(protocol: u8, from: std::net::Ipv4Addr, to: std::net::Ipv4Addr, payload: &[u8]) -> Vec<u8> {
    let mut packet = vec![0x45, 0, 0, 0, 0x12, 0x34, 0x40, 0, 64, protocol, 0, 0];
    packet.extend(from.octets());
    packet.extend(to.octets());
    let len = (packet.len() + payload.len()) as u16;
    packet[2..4].copy_from_slice(&len.to_be_bytes());
    let sum = checksum(&packet);
    packet[10..12].copy_from_slice(&sum.to_be_bytes());
    packet.extend(payload);
    packet
}

/// An IPv6 packet.
pub fn ipv6(next: u8, from: std::net::Ipv6Addr, to: std::net::Ipv6Addr, payload: &[u8]) -> Vec<u8> {
    let len = (payload.len() as u16).to_be_bytes();
    [&[0x60, 0, 0, 0, len[0], len[1], next, 64], &from.octets()[..], &to.octets()[..], payload].concat()
}

/// A TCP segment without options. The checksum is zero.
pub fn tcp(from: u16, to: u16, flags: u8, sequence: u32, payload: &[u8]) -> Vec<u8> {
    let mut segment = [from.to_be_bytes(), to.to_be_bytes()].concat();
    segment.extend(sequence.to_be_bytes());
    segment.extend([0, 0, 0, 0, 0x50, flags, 4, 0, 0, 0, 0, 0]);
    segment.extend(payload);
    segment
}

/// A UDP datagram. The checksum is zero, that is, none.
pub fn udp(from: u16, to: u16, payload: &[u8]) -> Vec<u8> {
    let len = (payload.len() + 8) as u16;
    [&from.to_be_bytes(), &to.to_be_bytes(), &len.to_be_bytes(), &[0, 0][..], payload].concat()
}

fn checksum(bytes: &[u8]) -> u16 {
    let mut sum: u32 =
        bytes.chunks(2).map(|pair| u32::from(pair[0]) << 8 | u32::from(*pair.get(1).unwrap_or(&0))).sum();
    while sum > 0xffff {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    !(sum as u16)
}
