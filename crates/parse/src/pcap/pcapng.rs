//! pcapng: sections of blocks, each section with interfaces of its own.

use super::{CaptureError, Format, Interface, MAX_FRAME, Reader, linktype};
use crate::packet::{Frame, Link, Way};
use vedette_event::Time;

const SECTION: u32 = 0x0a0d_0d0a;
const INTERFACE: u32 = 1;
const PACKET: u32 = 2;
const SIMPLE_PACKET: u32 = 3;
const ENHANCED_PACKET: u32 = 6;

/// Interfaces in one file; more is damage.
const MAX_INTERFACES: usize = 65_536;
/// Blocks may be long (decryption secrets, name resolution), but not without end.
const MAX_BLOCK: usize = MAX_FRAME + 64 * 1024;

/// How the blocks of the current section are to be read.
#[derive(Default)]
pub struct State {
    big_endian: bool,
    /// Index in the reader's list of this section's first interface.
    first_interface: usize,
    clocks: Vec<Clock>,
}

/// What else a frame needs from its interface.
#[derive(Clone, Copy)]
struct Clock {
    link: Option<Link>,
    unit: Unit,
    /// Added to every time, in microseconds.
    offset: i64,
    snap_len: u32,
}

/// How long a tick of the time stamps is.
#[derive(Clone, Copy)]
enum Unit {
    Micro,
    Nano,
    /// Ticks in a second.
    Ticks(u128),
}

impl Unit {
    fn from_option(value: u8) -> Unit {
        match value {
            6 => Unit::Micro,
            9 => Unit::Nano,
            // Finer than 64-bit time stamps can be: saturate.
            v if v & 0x80 != 0 => Unit::Ticks(1 << (v & 0x7f).min(100)),
            v => Unit::Ticks(10u128.pow(u32::from(v.min(30)))),
        }
    }

    fn micros(self, stamp: u64) -> i64 {
        match self {
            Unit::Micro => i64::try_from(stamp).unwrap_or(i64::MAX),
            Unit::Nano => (stamp / 1_000) as i64,
            Unit::Ticks(ticks) => i64::try_from(u128::from(stamp) * 1_000_000 / ticks).unwrap_or(i64::MAX),
        }
    }
}

pub fn is_section(data: &[u8]) -> bool {
    data.starts_with(&SECTION.to_be_bytes())
}

/// One block: its type, its body, and where it began.
struct Block<'a> {
    kind: u32,
    body: &'a [u8],
    offset: usize,
}

fn read_u16(data: &[u8], at: usize, big: bool) -> Option<u16> {
    let bytes = data.get(at..)?.first_chunk::<2>()?;
    Some(if big { u16::from_be_bytes(*bytes) } else { u16::from_le_bytes(*bytes) })
}

fn read_u32(data: &[u8], at: usize, big: bool) -> Option<u32> {
    let bytes = data.get(at..)?.first_chunk::<4>()?;
    Some(if big { u32::from_be_bytes(*bytes) } else { u32::from_le_bytes(*bytes) })
}

/// Options of a block as (code, value); stops at the end or at the first malformed one.
fn options(mut data: &[u8], big: bool) -> impl Iterator<Item = (u16, &[u8])> {
    std::iter::from_fn(move || {
        let code = read_u16(data, 0, big)?;
        let length = usize::from(read_u16(data, 2, big)?);
        if code == 0 {
            return None;
        }
        let value = data.get(4..4 + length)?;
        data = data.get(4 + length.next_multiple_of(4)..).unwrap_or_default();
        Some((code, value))
    })
}

impl<'a> Reader<'a> {
    /// The next frame or error of a pcapng file.
    #[inline]
    pub(super) fn next_ng(&mut self) -> Option<Result<Frame<'a>, CaptureError>> {
        loop {
            let block = match self.block()? {
                Ok(block) => block,
                Err(error) => return Some(Err(error)),
            };
            let result = match block.kind {
                ENHANCED_PACKET | PACKET => self.packet(&block),
                SIMPLE_PACKET => self.simple_packet(&block),
                SECTION => self.section(),
                INTERFACE => self.interface(&block),
                _ => Ok(None),
            };
            match result {
                Ok(None) => {}
                Ok(Some(frame)) => return Some(Ok(frame)),
                Err(CaptureError::Damaged { what, offset }) => self.note_damage(what, offset),
                Err(error) => return Some(Err(error)),
            }
        }
    }

    /// The blocks' lengths agree, so that reading goes on behind a block that makes no sense.
    fn note_damage(&mut self, what: &'static str, offset: u64) {
        let (count, what, offset) = self.damaged.unwrap_or((0, what, offset));
        self.damaged = Some((count + 1, what, offset));
    }

    fn ng(&mut self) -> Option<&mut State> {
        match &mut self.format {
            Format::Ng(state) => Some(state),
            Format::Classic(_) => None,
        }
    }

    /// Cuts the next block out of the file; a section header sets the byte order.
    #[inline]
    fn block(&mut self) -> Option<Result<Block<'a>, CaptureError>> {
        let offset = self.offset;
        let rest = self.data.get(offset..)?;
        if rest.is_empty() {
            return None;
        }
        let state = self.ng()?;
        if is_section(rest) {
            match rest.get(8..12) {
                Some([0x1a, 0x2b, 0x3c, 0x4d]) => state.big_endian = true,
                Some([0x4d, 0x3c, 0x2b, 0x1a]) => state.big_endian = false,
                Some(_) => return Some(Err(damaged("a section with an unknown byte order", offset))),
                None => return Some(Err(cut("a section header", offset))),
            }
        }
        let big = state.big_endian;
        let (Some(kind), Some(length)) = (read_u32(rest, 0, big), read_u32(rest, 4, big)) else {
            return Some(Err(cut("a block header", offset)));
        };
        let length = length as usize;
        if length < 12 || !length.is_multiple_of(4) || length > MAX_BLOCK {
            return Some(Err(damaged("a block with an impossible length", offset)));
        }
        let Some(whole) = rest.get(..length) else { return Some(Err(cut("a block", offset))) };
        if read_u32(whole, length - 4, big) != Some(length as u32) {
            return Some(Err(damaged("a block whose two lengths differ", offset)));
        }
        self.offset += length;
        Some(Ok(Block { kind, body: &whole[8..length - 4], offset }))
    }

    /// A new section: interfaces are counted from 0 again.
    fn section(&mut self) -> Result<Option<Frame<'a>>, CaptureError> {
        let first_interface = self.interfaces.len();
        if let Some(state) = self.ng() {
            state.first_interface = first_interface;
            state.clocks.clear();
        }
        Ok(None)
    }

    fn interface(&mut self, block: &Block<'a>) -> Result<Option<Frame<'a>>, CaptureError> {
        let count = self.interfaces.len();
        let Some(state) = self.ng() else { return Ok(None) };
        let big = state.big_endian;
        let (Some(number), Some(snap_len)) = (read_u16(block.body, 0, big), read_u32(block.body, 4, big))
        else {
            return Err(damaged("an interface block that is too short", block.offset));
        };
        if count >= MAX_INTERFACES {
            return Err(damaged("more than 65,536 interfaces", block.offset));
        }
        let number = u32::from(number);
        let link = linktype::link(number);
        let mut name = String::new();
        let mut clock = Clock { link, unit: Unit::Micro, offset: 0, snap_len };
        for (code, value) in options(block.body.get(8..).unwrap_or_default(), big) {
            match (code, value) {
                (2, value) => name = String::from_utf8_lossy(value).trim_end_matches('\0').to_owned(),
                (9, [resolution, ..]) => clock.unit = Unit::from_option(*resolution),
                (14, value) => clock.offset = time_offset(value, big),
                _ => {}
            }
        }
        state.clocks.push(clock);
        self.interfaces.push(Interface { name, link, link_type: number });
        match link {
            Some(_) => Ok(None),
            None => Err(CaptureError::InterfaceLinkType {
                interface: count as u32,
                number,
                name: linktype::name(number),
            }),
        }
    }

    /// The enhanced packet block, and the obsolete packet block, whose interface number has 16
    /// bits and is followed by a drop counter.
    #[inline]
    fn packet(&mut self, block: &Block<'a>) -> Result<Option<Frame<'a>>, CaptureError> {
        let Some(state) = self.ng() else { return Ok(None) };
        let big = state.big_endian;
        let body = block.body;
        let Some(head) = body.first_chunk::<20>() else {
            return Err(damaged("a packet block that is too short", block.offset));
        };
        let field = |at| read_u32(head, at, big).unwrap_or_default();
        let id = match block.kind {
            PACKET => u32::from(read_u16(head, 0, big).unwrap_or_default()),
            _ => field(0),
        };
        let captured = field(12) as usize;
        let Some(data) = body.get(20..20 + captured.min(MAX_BLOCK)) else {
            return Err(damaged("a frame longer than its block", block.offset));
        };
        let Some(clock) = state.clocks.get(id as usize).copied() else {
            return Err(damaged("a packet of an interface that was not described", block.offset));
        };
        let interface = (state.first_interface + id as usize) as u32;
        let Some(link) = clock.link else {
            self.skipped += 1;
            return Ok(None);
        };
        let stamp = u64::from(field(4)) << 32 | u64::from(field(8));
        let tail = body.get(20 + captured.next_multiple_of(4)..).unwrap_or_default();
        Ok(Some(Frame {
            time: Time(clock.unit.micros(stamp).saturating_add(clock.offset)),
            link,
            way: way(tail, big),
            data,
            wire_len: field(16).max(captured as u32),
            interface,
            checksum_pending: false,
        }))
    }

    /// The simple packet block: always of interface 0, without a time. Its time is the Unix epoch.
    fn simple_packet(&mut self, block: &Block<'a>) -> Result<Option<Frame<'a>>, CaptureError> {
        let Some(state) = self.ng() else { return Ok(None) };
        let Some(wire_len) = read_u32(block.body, 0, state.big_endian) else {
            return Err(damaged("a packet block that is too short", block.offset));
        };
        let Some(clock) = state.clocks.first().copied() else {
            return Err(damaged("a packet of an interface that was not described", block.offset));
        };
        let interface = state.first_interface as u32;
        let Some(link) = clock.link else {
            self.skipped += 1;
            return Ok(None);
        };
        let limit = if clock.snap_len == 0 { u32::MAX } else { clock.snap_len };
        let data = block.body.get(4..).unwrap_or_default();
        let data = &data[..data.len().min(wire_len.min(limit) as usize)];
        Ok(Some(Frame {
            time: Time::ZERO,
            link,
            way: Way::Unknown,
            data,
            wire_len: wire_len.max(data.len() as u32),
            interface,
            checksum_pending: false,
        }))
    }
}

/// `if_tsoffset`: seconds to add to every time.
fn time_offset(value: &[u8], big: bool) -> i64 {
    let Some(bytes) = value.first_chunk::<8>() else { return 0 };
    let seconds = if big { i64::from_be_bytes(*bytes) } else { i64::from_le_bytes(*bytes) };
    seconds.saturating_mul(1_000_000)
}

/// Direction from the flags option of a packet block.
#[inline]
fn way(tail: &[u8], big: bool) -> Way {
    if tail.len() < 8 {
        return Way::Unknown;
    }
    let flags =
        options(tail, big).find(|(code, _)| *code == 2).and_then(|(_, value)| read_u32(value, 0, big));
    match flags.map(|flags| flags & 3) {
        Some(1) => Way::In,
        Some(2) => Way::Out,
        _ => Way::Unknown,
    }
}

fn cut(what: &'static str, offset: usize) -> CaptureError {
    CaptureError::Cut { what, offset: offset as u64 }
}

fn damaged(what: &'static str, offset: usize) -> CaptureError {
    CaptureError::Damaged { what, offset: offset as u64 }
}
