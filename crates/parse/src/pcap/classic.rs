//! Classic pcap: one header, then frames.

use super::{CaptureError, Interface, MAX_FRAME, linktype};
use crate::packet::{Frame, Link, Way};
use vedette_event::Time;

/// Length of the file header.
pub const HEADER: usize = 24;

/// How to read the frames of one file.
#[derive(Clone, Copy)]
pub struct State {
    swapped: bool,
    nanoseconds: bool,
    /// Length of a frame header: 16, or 24 in the variant of Alexey Kuznetzov.
    frame_header: usize,
    /// Versions before 2.3 wrote wire length and captured length the other way round; some
    /// writers of 2.3 did, too.
    lengths: Lengths,
    link: Link,
}

#[derive(Clone, Copy)]
enum Lengths {
    Normal,
    Swapped,
    Unsure,
}

fn u32_at(data: &[u8], at: usize, swapped: bool) -> Option<u32> {
    let bytes = data.get(at..)?.first_chunk::<4>()?;
    Some(if swapped { u32::from_be_bytes(*bytes) } else { u32::from_le_bytes(*bytes) })
}

/// [`None`] when the magic number is another format's.
pub fn open(data: &[u8]) -> Result<Option<(State, Interface)>, CaptureError> {
    let (Some(little), Some(big)) = (u32_at(data, 0, false), u32_at(data, 0, true)) else { return Ok(None) };
    let known = |magic: u32| match magic {
        0xa1b2_c3d4 => Some((false, 16)),
        0xa1b2_3c4d => Some((true, 16)),
        0xa1b2_cd34 => Some((false, 24)),
        _ => None,
    };
    let (swapped, (nanoseconds, frame_header)) = match (known(little), known(big)) {
        (Some(found), _) => (false, found),
        (_, Some(found)) => (true, found),
        _ => return Ok(None),
    };
    let cut = CaptureError::Cut { what: "the file header", offset: 0 };
    let number = u32_at(data, 20, swapped).ok_or(cut.clone())? & 0xffff;
    let version = u32_at(data, 4, swapped).ok_or(cut)?;
    // Two 16-bit fields: the minor version is the second one in either byte order.
    let (major, minor) =
        if swapped { (version >> 16, version & 0xffff) } else { (version & 0xffff, version >> 16) };
    let lengths = match (major, minor) {
        (2, 3) => Lengths::Unsure,
        (2, 0..3) => Lengths::Swapped,
        _ => Lengths::Normal,
    };
    let Some(link) = linktype::link(number) else {
        return Err(CaptureError::LinkType { number, name: linktype::name(number) });
    };
    let interface = Interface { name: String::new(), link: Some(link), link_type: number };
    Ok(Some((State { swapped, nanoseconds, frame_header, lengths, link }, interface)))
}

impl State {
    /// The frame at `offset`, which is moved behind it; [`None`] at the end of the file.
    #[inline]
    pub fn frame<'a>(&self, data: &'a [u8], offset: &mut usize) -> Option<Result<Frame<'a>, CaptureError>> {
        let rest = data.get(*offset..)?;
        if rest.is_empty() {
            return None;
        }
        let Some(head) = rest.first_chunk::<16>().filter(|_| rest.len() >= self.frame_header) else {
            return Some(Err(CaptureError::Cut { what: "a frame header", offset: *offset as u64 }));
        };
        let field = |at: usize| u32::from_le_bytes([head[at], head[at + 1], head[at + 2], head[at + 3]]);
        let mut fields = [field(0), field(4), field(8), field(12)];
        if self.swapped {
            fields = fields.map(u32::swap_bytes);
        }
        let [seconds, fraction, first, second] = fields;
        let (captured, wire_len) = match (self.lengths, first, second) {
            (Lengths::Swapped, first, second) => (second, first),
            (Lengths::Unsure, first, second) if first > second => (second, first),
            (_, first, second) => (first, second),
        };
        let captured = captured as usize;
        if captured > MAX_FRAME {
            let what = "a frame longer than 16 MiB";
            return Some(Err(CaptureError::Damaged { what, offset: *offset as u64 }));
        }
        let Some(bytes) = rest.get(self.frame_header..self.frame_header + captured) else {
            return Some(Err(CaptureError::Cut { what: "a frame", offset: *offset as u64 }));
        };
        *offset += self.frame_header + captured;
        let fraction = i64::from(if self.nanoseconds { fraction / 1_000 } else { fraction });
        Some(Ok(Frame {
            time: Time(i64::from(seconds) * 1_000_000 + fraction),
            link: self.link,
            way: Way::Unknown,
            data: bytes,
            wire_len: wire_len.max(captured as u32),
            interface: 0,
            checksum_pending: false,
        }))
    }
}
