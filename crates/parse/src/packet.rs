//! Frames as capture back ends and capture files hand them over.

use vedette_event::Time;

/// What a frame's first byte is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Link {
    Ethernet,
    /// Linux cooked capture, version 1 (`LINKTYPE_LINUX_SLL`, 113).
    Sll,
    /// Version 2 (276).
    Sll2,
    /// IPv4 or IPv6 without a link header (101, 12, 14, 228, 229).
    RawIp,
    /// BSD loopback (0: host byte order; 108: network byte order).
    Null,
}

/// Which way a frame went, where the capture knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    In,
    Out,
    Unknown,
}

/// One captured frame.
#[derive(Clone, Copy, Debug)]
pub struct Frame<'a> {
    pub time: Time,
    pub link: Link,
    pub way: Way,
    /// Bytes captured; may be fewer than were on the wire.
    pub data: &'a [u8],
    /// Bytes on the wire.
    pub wire_len: u32,
    /// Index into the interfaces of the capture; 0 when there is only one.
    pub interface: u32,
    /// The transport checksum in `data` is not filled in yet (checksum offload: what this host
    /// sends, and what it receives from a virtual machine or namespace of its own), so it must not
    /// be judged. Capture files do not say: false.
    pub checksum_pending: bool,
}
