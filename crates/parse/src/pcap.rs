//! Capture files over a byte slice: classic pcap here, pcapng in [`pcapng`].
//!
//! Belongs here: the containers and their frames. Does not belong here: opening files, decompression,
//! what is inside a frame ([`crate::packet`]).

mod classic;
mod linktype;
mod pcapng;
pub mod write;

use crate::packet::{Frame, Link};
use thiserror::Error;

/// Larger frames are taken for damage: the largest snap length in use is 256 KiB, and USB captures,
/// which Vedette does not read, go to 128 MiB.
const MAX_FRAME: usize = 16 * 1024 * 1024;

/// An interface of a capture file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Interface {
    /// As recorded; empty when unknown.
    pub name: String,
    /// [`None`] when the link type is not supported; its frames are skipped.
    pub link: Option<Link>,
    /// The number in the file.
    pub link_type: u32,
}

/// What is wrong with a capture file, and what can be done about it.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum CaptureError {
    #[error("the file is empty")]
    Empty,
    #[error("not a capture file: {what}; {help}")]
    NotACapture { what: &'static str, help: &'static str },
    #[error(
        "link type {number} ({name}) is not supported: capture on an Ethernet, loopback or \"any\" interface"
    )]
    LinkType { number: u32, name: &'static str },
    #[error(
        "interface {interface} has link type {number} ({name}), which is not supported: its frames are skipped"
    )]
    InterfaceLinkType { interface: u32, number: u32, name: &'static str },
    #[error("the file ends inside {what} at byte {offset}: it was cut; everything before was read")]
    Cut { what: &'static str, offset: u64 },
    #[error(
        "damaged at byte {offset}: {what}; everything before was read, try to repair the rest with pcapfix or editcap"
    )]
    Damaged { what: &'static str, offset: u64 },
    #[error(
        "{count} damaged blocks were skipped, the first at byte {offset}: {what}; everything else was read"
    )]
    DamagedBlocks { count: u64, what: &'static str, offset: u64 },
}

impl CaptureError {
    /// Nothing more follows. Otherwise only what the error names is missing.
    pub fn is_final(&self) -> bool {
        !matches!(self, CaptureError::InterfaceLinkType { .. })
    }
}

enum Format {
    Classic(classic::State),
    Ng(pcapng::State),
}

/// Frames of a capture file, in file order.
///
/// The iterator yields every readable frame, then at most one final error; errors of single
/// interfaces ([`CaptureError::is_final`] is false) come between the frames.
pub struct Reader<'a> {
    data: &'a [u8],
    offset: usize,
    format: Format,
    interfaces: Vec<Interface>,
    skipped: u64,
    /// Blocks whose content made no sense while the blocks around them did: how many, and the
    /// first one.
    damaged: Option<(u64, &'static str, u64)>,
    ended: bool,
}

impl<'a> Reader<'a> {
    /// # Errors
    /// When the file is no capture, its header is cut, or (classic pcap) its link type is not
    /// supported.
    pub fn new(data: &'a [u8]) -> Result<Reader<'a>, CaptureError> {
        let mut interfaces = Vec::new();
        let (format, offset) = match classic::open(data)? {
            Some((state, interface)) => {
                interfaces.push(interface);
                (Format::Classic(state), classic::HEADER)
            }
            None if pcapng::is_section(data) => (Format::Ng(pcapng::State::default()), 0),
            None => return Err(foreign(data)),
        };
        Ok(Reader { data, offset, format, interfaces, skipped: 0, damaged: None, ended: false })
    }

    /// Interfaces known so far: all of them for classic pcap, those already met for pcapng.
    /// [`Frame::interface`] is an index into this list.
    pub fn interfaces(&self) -> &[Interface] {
        &self.interfaces
    }

    /// Frames skipped because of their interface's link type.
    pub fn skipped(&self) -> u64 {
        self.skipped
    }

    /// Bytes of the file read so far.
    pub fn position(&self) -> u64 {
        self.offset as u64
    }
}

impl<'a> Iterator for Reader<'a> {
    type Item = Result<Frame<'a>, CaptureError>;

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        if self.ended {
            return None;
        }
        let item = match &self.format {
            Format::Classic(state) => state.frame(self.data, &mut self.offset),
            Format::Ng(_) => self.next_ng(),
        };
        self.ended = match &item {
            None => {
                self.ended = true;
                return self
                    .damaged
                    .map(|(count, what, offset)| Err(CaptureError::DamagedBlocks { count, what, offset }));
            }
            Some(Err(error)) => error.is_final(),
            Some(Ok(_)) => false,
        };
        item
    }
}

/// What a file that is no capture is, by its first bytes.
fn foreign(data: &[u8]) -> CaptureError {
    const KNOWN: [(&[u8], &str, &str); 9] = [
        (&[0x1f, 0x8b], "it is gzip-compressed", "unpack it first: gzip -dk FILE"),
        (&[0x28, 0xb5, 0x2f, 0xfd], "it is zstd-compressed", "unpack it first: zstd -dk FILE"),
        (&[0xfd, b'7', b'z', b'X', b'Z'], "it is xz-compressed", "unpack it first: xz -dk FILE"),
        (b"BZh", "it is bzip2-compressed", "unpack it first: bzip2 -dk FILE"),
        (&[0x04, 0x22, 0x4d, 0x18], "it is lz4-compressed", "unpack it first: lz4 -dk FILE"),
        (b"PK\x03\x04", "it is a zip archive", "unpack it first"),
        (b"snoop\0\0\0", "it is a Solaris snoop file", "convert it: editcap -F pcapng FILE OUT"),
        (b"GMBU", "it is a Microsoft Network Monitor file", "convert it: editcap -F pcapng FILE OUT"),
        (&[0x7f, b'E', b'L', b'F'], "it is a program", "give a pcap or pcapng file"),
    ];
    if data.is_empty() {
        return CaptureError::Empty;
    }
    for (magic, what, help) in KNOWN {
        if data.starts_with(magic) {
            return CaptureError::NotACapture { what, help };
        }
    }
    let text = data.iter().take(64).all(|byte| matches!(byte, 0x20..=0x7e | b'\t' | b'\r' | b'\n' | 0x80..));
    let (what, help) = if text {
        ("it is text", "for logs use `vedette ingest`; captures are pcap or pcapng")
    } else {
        ("its first bytes are none of pcap's or pcapng's", "give a pcap or pcapng file")
    };
    CaptureError::NotACapture { what, help }
}
