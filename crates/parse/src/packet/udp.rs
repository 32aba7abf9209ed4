//! UDP headers.

use super::DecodeError;
use super::bytes::{u16_at, u32_at};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Udp {
    pub source_port: u16,
    pub target_port: u16,
    /// The header's length field; 0 when the capture ends before it.
    pub length: u16,
}

#[inline(always)]
pub fn read(segment: &[u8]) -> Result<Udp, DecodeError> {
    let ports = u32_at(segment, 0).ok_or(DecodeError::Truncated("UDP header"))?;
    Ok(Udp {
        source_port: (ports >> 16) as u16,
        target_port: ports as u16,
        length: u16_at(segment, 4).unwrap_or_default(),
    })
}
