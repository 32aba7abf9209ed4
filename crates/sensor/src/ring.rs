//! The capture ring: memory that the kernel fills with packets and this process reads in place.
//!
//! Belongs here: the socket's set-up order, the shared memory's layout and its hand-over protocol,
//! with the `unsafe` that reading it takes. Does not belong here: which interfaces or packets are
//! wanted, and what packets mean.
//!
//! The socket is `SOCK_DGRAM`: packets start at their network header whatever the link type, so
//! one filter and one decoder path serve Ethernet, tunnels and loopback. In front of each packet
//! the ring leaves a gap, into which [`Packet::cooked`] writes the 16 bytes of a Linux cooked header
//! (`LINKTYPE_LINUX_SLL`) and, where the kernel took a VLAN tag off, the tag: the result is a frame
//! as capture files have them, without copying the packet.

use crate::sys::{self, Mapping};
use libc::sock_filter;
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;
use vedette_event::Time;

/// Bytes of a cooked header, and of a VLAN tag after it.
const COOKED_LEN: usize = 16;
const TAG_LEN: usize = 4;
/// A cooked header and two tags.
const MAX_PREFIX: usize = COOKED_LEN + 2 * TAG_LEN;
/// One block: filled, then handed over, as a whole. A block that the time-out hands over is as good
/// as full, so many small ones last longer while this process does not get to run: with 8 MiB and
/// 10 ms, 1.28 s however little comes.
const BLOCK_LEN: usize = 64 * 1024;
/// What the kernel reserves at the start of a packet's slot: its header, then the address.
const ADDRESS_OFFSET: usize = 48;
const ADDRESS_END: usize = ADDRESS_OFFSET + size_of::<libc::sockaddr_ll>();
const _: () = assert!(size_of::<libc::tpacket3_hdr>() == ADDRESS_OFFSET);

/// Size of the ring and how long packets may wait in it.
#[derive(Clone, Copy, Debug)]
pub struct RingSize {
    /// Rounded up to whole blocks of 64 KiB, at least two.
    pub bytes: usize,
    /// A block with packets in it is handed over after this many milliseconds, full or not.
    pub block_timeout_ms: u32,
}

/// An open capture socket and its ring.
pub struct Ring {
    // Before the descriptor, so that the mapping goes first.
    memory: Mapping,
    socket: OwnedFd,
    blocks: usize,
    /// The block that the kernel hands over next.
    next: usize,
}

/// One packet as the kernel left it.
#[derive(Debug)]
pub struct Packet<'a> {
    pub time: Time,
    /// Kernel index of the interface.
    pub interface: u32,
    pub sent: bool,
    pub checksum_pending: bool,
    /// Type and contents of a VLAN tag that the kernel took off.
    pub tag: Option<Tag>,
    /// Length on the wire from the network header.
    wire_len: u32,
    address: libc::sockaddr_ll,
    /// The gap, [`MAX_PREFIX`] bytes of it, then the packet from its network header.
    bytes: &'a mut [u8],
}

/// A VLAN tag: its EtherType, then priority and identifier.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tag {
    pub kind: u16,
    pub contents: u16,
}

impl Packet<'_> {
    /// The packet as a cooked frame, and the frame's length on the wire. `outer` is the tag of a
    /// VLAN interface, which took it off before the packet came here.
    pub fn cooked(&mut self, outer: Option<u16>) -> (&[u8], u32) {
        let outer = outer.map(|contents| Tag { kind: libc::ETH_P_8021Q as u16, contents });
        let protocol = match self.has_inner_tag() {
            true => (libc::ETH_P_8021Q as u16).to_be_bytes(),
            false => self.address.sll_protocol.to_ne_bytes(),
        };
        let mut header = [0_u8; MAX_PREFIX];
        header[1] = self.address.sll_pkttype;
        header[2..4].copy_from_slice(&self.address.sll_hatype.to_be_bytes());
        // Loopback has addresses of zeros, which name nobody.
        let anonymous = self.address.sll_hatype == libc::ARPHRD_LOOPBACK;
        header[5] = if anonymous { 0 } else { self.address.sll_halen.min(8) };
        header[6..14].copy_from_slice(&self.address.sll_addr);
        let mut len = COOKED_LEN;
        for tag in [outer, self.tag].into_iter().flatten() {
            header[len - 2..len].copy_from_slice(&tag.kind.to_be_bytes());
            header[len..len + 2].copy_from_slice(&tag.contents.to_be_bytes());
            len += TAG_LEN;
        }
        header[len - 2..len].copy_from_slice(&protocol);
        let frame = &mut self.bytes[MAX_PREFIX - len..];
        frame[..len].copy_from_slice(&header[..len]);
        (frame, self.wire_len.saturating_add(len as u32))
    }

    /// Of a frame with two tags the inner one stays in the packet, and since Linux 6.11 the address
    /// names the protocol behind it rather than its own type. Such a packet has that protocol where
    /// a tag has it, and IP after that.
    fn has_inner_tag(&self) -> bool {
        let [a, _, b, c, d] =
            self.bytes.get(MAX_PREFIX..).and_then(|packet| packet.first_chunk().copied()).unwrap_or_default();
        let protocol = self.address.sll_protocol.to_ne_bytes();
        let version = match i32::from(u16::from_be_bytes(protocol)) {
            libc::ETH_P_IP => 4,
            libc::ETH_P_IPV6 => 6,
            _ => return false,
        };
        // An IPv4 packet of 2048 bytes has its length there: 0x0800.
        let plain = a >> 4 == version && (version == 6 || self.wire_len == 0x0800);
        self.tag.is_some() && [b, c] == protocol && d >> 4 == version && !plain
    }
}

impl Ring {
    /// Opens the socket, sets the filter, then lets packets in: the socket has protocol 0 until it
    /// is bound, so nothing unfiltered slips in between.
    pub fn open(size: RingSize, filter: &[sock_filter]) -> io::Result<Ring> {
        let socket = sys::socket(libc::AF_PACKET, libc::SOCK_DGRAM, 0)?;
        let fd = socket.as_fd();
        let version = libc::tpacket_versions::TPACKET_V3 as libc::c_int;
        sys::set_option(fd, libc::SOL_PACKET, libc::PACKET_VERSION, &version)?;
        let blocks = size.bytes.div_ceil(BLOCK_LEN).clamp(2, 16_384);
        let request = libc::tpacket_req3 {
            tp_block_size: BLOCK_LEN as u32,
            tp_block_nr: blocks as u32,
            // Slots are as long as their packets in version 3: these two only have to agree.
            tp_frame_size: 2048,
            tp_frame_nr: (blocks * (BLOCK_LEN / 2048)) as u32,
            tp_retire_blk_tov: size.block_timeout_ms.max(1),
            tp_sizeof_priv: 0,
            tp_feature_req_word: 0,
        };
        sys::set_option(fd, libc::SOL_PACKET, libc::PACKET_RX_RING, &request)?;
        let memory = Mapping::new(fd, blocks * BLOCK_LEN)?;
        sys::attach_filter(fd, filter)?;
        sys::bind_packet(fd)?;
        Ok(Ring { memory, socket, blocks, next: 0 })
    }

    /// Puts another filter in place of the present one. Needs no privilege.
    pub fn set_filter(&self, filter: &[sock_filter]) -> io::Result<()> {
        sys::attach_filter(self.socket.as_fd(), filter)
    }

    /// Waits for a block, at most `timeout`.
    pub fn wait(&self, timeout: Duration) -> io::Result<bool> {
        sys::wait_readable(self.socket.as_fd(), timeout)
    }

    /// Packets that passed the filter, and packets for which the ring had no room, since the last
    /// call. The first figure includes the second.
    pub fn statistics(&self) -> io::Result<(u64, u64)> {
        let stats = sys::packet_statistics(self.socket.as_fd())?;
        Ok((u64::from(stats.tp_packets), u64::from(stats.tp_drops)))
    }

    /// The socket's pending error, which would otherwise make every wait return at once.
    pub fn take_error(&self) -> io::Result<()> {
        sys::take_socket_error(self.socket.as_fd())
    }

    /// Hands every packet of the next finished block to `each`, then the block back to the kernel.
    /// Returns how many packets there were; `None` when no block is finished.
    pub fn read_block(&mut self, mut each: impl FnMut(Packet<'_>)) -> Option<usize> {
        debug_assert_eq!(self.memory.len(), self.blocks * BLOCK_LEN);
        // SAFETY: `next` is below `blocks`, so the block lies inside the mapping.
        let block = unsafe { self.memory.start().as_ptr().add(self.next * BLOCK_LEN) };
        let header_at = std::mem::offset_of!(libc::tpacket_block_desc, hdr);
        let status_at = header_at + std::mem::offset_of!(libc::tpacket_hdr_v1, block_status);
        // SAFETY: inside the block, aligned (blocks are page-aligned), and only ever accessed as
        // an atomic by this process while the kernel may write it.
        let status = unsafe { AtomicU32::from_ptr(block.add(status_at).cast()) };
        // Acquire: what the kernel wrote before it set the bit is visible after this load.
        if status.load(Ordering::Acquire) & libc::TP_STATUS_USER == 0 {
            return None;
        }
        let desc_len = size_of::<libc::tpacket_block_desc>();
        // SAFETY: the block is ours until the status is stored below. The descriptor is only read;
        // nothing else refers to the bytes behind it, and they end with the block.
        let (head, bytes) = unsafe {
            let head: libc::tpacket_hdr_v1 = block.add(header_at).cast::<libc::tpacket_hdr_v1>().read();
            (head, std::slice::from_raw_parts_mut(block.add(desc_len), BLOCK_LEN - desc_len))
        };
        let count = walk(bytes, desc_len, &head, &mut each);
        // Release: our writes into the gaps are done before the kernel may fill the block again.
        status.store(libc::TP_STATUS_KERNEL, Ordering::Release);
        self.next = (self.next + 1) % self.blocks;
        Some(count)
    }
}

/// Walks the packets of a block. `bytes` starts `skipped` bytes into the block. Offsets come from
/// the kernel, yet none is used beyond the block.
fn walk(
    bytes: &mut [u8],
    skipped: usize,
    head: &libc::tpacket_hdr_v1,
    each: &mut impl FnMut(Packet<'_>),
) -> usize {
    let Some(mut at) = (head.offset_to_first_pkt as usize).checked_sub(skipped) else { return 0 };
    let mut count = 0;
    for _ in 0..head.num_pkts {
        let Some(slot) = bytes.get_mut(at..) else { break };
        let Some(next) = read_slot(slot, each) else { break };
        count += 1;
        if next == 0 {
            break;
        }
        at += next;
    }
    count
}

/// Reads the packet at the start of `slot` and returns the distance to the next one; `None` when
/// the slot makes no sense.
fn read_slot(slot: &mut [u8], each: &mut impl FnMut(Packet<'_>)) -> Option<usize> {
    let header: libc::tpacket3_hdr = read_plain(slot, 0)?;
    let address: libc::sockaddr_ll = read_plain(slot, ADDRESS_OFFSET)?;
    let next = header.tp_next_offset as usize;
    let start = usize::from(header.tp_mac);
    let end = start.checked_add(header.tp_snaplen as usize)?;
    // The kernel leaves 28 bytes between the address and the packet.
    let from = start.checked_sub(MAX_PREFIX).filter(|from| *from >= ADDRESS_END)?;
    let tag_kind = match header.tp_status & libc::TP_STATUS_VLAN_TPID_VALID {
        0 => libc::ETH_P_8021Q as u16,
        _ => header.hv1.tp_vlan_tpid,
    };
    let tag = Tag { kind: tag_kind, contents: header.hv1.tp_vlan_tci as u16 };
    each(Packet {
        time: Time(i64::from(header.tp_sec) * 1_000_000 + i64::from(header.tp_nsec) / 1_000),
        interface: u32::try_from(address.sll_ifindex).unwrap_or(0),
        sent: address.sll_pkttype == libc::PACKET_OUTGOING,
        checksum_pending: header.tp_status & libc::TP_STATUS_CSUMNOTREADY != 0,
        tag: (header.tp_status & libc::TP_STATUS_VLAN_VALID != 0).then_some(tag),
        wire_len: header.tp_len,
        address,
        bytes: slot.get_mut(from..end)?,
    });
    Some(next)
}

/// A C structure of integers out of bytes.
trait Plain: Copy {}
impl Plain for libc::tpacket3_hdr {}
impl Plain for libc::sockaddr_ll {}

fn read_plain<T: Plain>(bytes: &[u8], at: usize) -> Option<T> {
    let bytes = bytes.get(at..at.checked_add(size_of::<T>())?)?;
    // SAFETY: `bytes` is as long as T, T is made of integers only (any bytes are valid), and the
    // read does not ask for alignment.
    Some(unsafe { bytes.as_ptr().cast::<T>().read_unaligned() })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    /// A slot as the kernel lays it out, with `payload` as the packet.
    fn slot(payload: &[u8], next: u32, status: u32, tci: u32) -> Vec<u8> {
        let mut bytes = vec![0xee_u8; 96 + payload.len()];
        let mut put = |at: usize, value: &[u8]| bytes[at..at + value.len()].copy_from_slice(value);
        put(0, &next.to_ne_bytes());
        put(4, &1_700_000_000_u32.to_ne_bytes());
        put(8, &123_456_789_u32.to_ne_bytes());
        put(12, &(payload.len() as u32).to_ne_bytes());
        put(16, &1500_u32.to_ne_bytes());
        put(20, &status.to_ne_bytes());
        put(24, &96_u16.to_ne_bytes());
        put(26, &96_u16.to_ne_bytes());
        put(32, &tci.to_ne_bytes());
        put(36, &0x88a8_u16.to_ne_bytes());
        put(48, &17_u16.to_ne_bytes());
        put(50, &0x0800_u16.to_be_bytes());
        put(52, &3_u32.to_ne_bytes());
        put(56, &1_u16.to_ne_bytes());
        put(58, &[4, 6, 2, 0, 0, 0, 0, 9, 0, 0]);
        put(96, payload);
        bytes
    }

    /// Frame and length on the wire of each packet in a block.
    fn read(bytes: &mut [u8], first: u32, packets: u32, outer: Option<u16>) -> Vec<(Vec<u8>, u32)> {
        let zero = libc::tpacket_bd_ts { ts_sec: 0, ts_usec: 0 };
        let head = libc::tpacket_hdr_v1 {
            block_status: 1,
            num_pkts: packets,
            offset_to_first_pkt: first,
            blk_len: 0,
            seq_num: 0,
            ts_first_pkt: zero,
            ts_last_pkt: zero,
        };
        let mut seen = Vec::new();
        walk(bytes, 48, &head, &mut |mut packet| {
            assert_eq!(packet.time, Time(1_700_000_000_123_456));
            assert!(packet.sent);
            assert_eq!(packet.interface, 3);
            let (frame, wire_len) = packet.cooked(outer);
            seen.push((frame.to_vec(), wire_len));
        });
        seen
    }

    #[test]
    fn a_packet_gets_a_cooked_header() {
        let seen = read(&mut slot(&[0x45, 1, 2], 0, libc::TP_STATUS_USER, 0), 48, 1, None);
        let cooked = [0, 4, 0, 1, 0, 6, 2, 0, 0, 0, 0, 9, 0, 0, 8, 0, 0x45, 1, 2];
        assert_eq!(seen, [(cooked.to_vec(), 1516)]);
        // Nothing captured beyond the headers we write.
        let seen = read(&mut slot(&[], 0, libc::TP_STATUS_USER, 0), 48, 1, None);
        assert_eq!(seen, [(cooked[..16].to_vec(), 1516)]);
    }

    #[test]
    fn tags_that_were_taken_off_come_back() {
        let status = libc::TP_STATUS_USER | libc::TP_STATUS_VLAN_VALID;
        let tail = |status, outer| {
            let seen = read(&mut slot(&[0x45], 0, status, 0x6005), 48, 1, outer);
            (seen[0].0[14..].to_vec(), seen[0].1)
        };
        assert_eq!(tail(status, None), (vec![0x81, 0, 0x60, 5, 8, 0, 0x45], 1520));
        let with_kind = status | libc::TP_STATUS_VLAN_TPID_VALID;
        assert_eq!(tail(with_kind, None), (vec![0x88, 0xa8, 0x60, 5, 8, 0, 0x45], 1520));
        assert_eq!(tail(status, Some(9)), (vec![0x81, 0, 0, 9, 0x81, 0, 0x60, 5, 8, 0, 0x45], 1524));
        // The inner of two, with any priority, stayed in the packet.
        for priority in [0x00, 0x40, 0xe0] {
            let inner = [priority, 6, 8, 0, 0x45];
            let seen = read(&mut slot(&inner, 0, status, 7), 48, 1, None);
            assert_eq!(seen[0].0[14..], [&[0x81, 0, 0, 7, 0x81, 0], &inner[..]].concat());
        }
        assert_eq!(tail(libc::TP_STATUS_USER, Some(9)), (vec![0x81, 0, 0, 9, 8, 0, 0x45], 1520));
    }

    #[test]
    fn a_checksum_that_is_not_filled_in_is_marked() {
        let pending = |status| {
            let mut seen = None;
            let mut bytes = slot(&[0x45], 0, status, 0);
            read_slot(&mut bytes, &mut |packet| seen = Some(packet.checksum_pending));
            seen
        };
        assert_eq!(pending(libc::TP_STATUS_USER), Some(false));
        assert_eq!(pending(libc::TP_STATUS_USER | libc::TP_STATUS_CSUMNOTREADY), Some(true));
    }

    #[test]
    fn nonsense_from_the_other_side_reads_nothing_beyond_the_block() {
        // An offset before the block's own header, beyond its end, a length beyond its end.
        assert!(read(&mut slot(&[1], 0, 1, 0), 47, 1, None).is_empty());
        assert!(read(&mut slot(&[1], 0, 1, 0), u32::MAX, 1, None).is_empty());
        let mut long = slot(&[1], 0, 1, 0);
        long[12..16].copy_from_slice(&u32::MAX.to_ne_bytes());
        assert!(read(&mut long, 48, 1, None).is_empty());
        // A packet that would overlap its own header.
        let mut early = slot(&[1], 0, 1, 0);
        early[24..26].copy_from_slice(&91_u16.to_ne_bytes());
        assert!(read(&mut early, 48, 1, None).is_empty());
        // More packets than there are: a distance of 0 ends the walk, as does one beyond the end.
        assert_eq!(read(&mut slot(&[1], 0, 1, 0), 48, 9, None).len(), 1);
        assert_eq!(read(&mut slot(&[1], 4096, 1, 0), 48, 9, None).len(), 1);
    }
}
