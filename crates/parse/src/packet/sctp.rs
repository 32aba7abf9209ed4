//! SCTP: the common header and the type of the first chunk.

use super::DecodeError;
use super::bytes::{u8_at, u32_at};

/// Chunk types that matter to a flow.
pub mod chunk {
    pub const INIT: u8 = 1;
    pub const INIT_ACK: u8 = 2;
    pub const ABORT: u8 = 6;
    pub const COOKIE_ECHO: u8 = 10;
    pub const SHUTDOWN_COMPLETE: u8 = 14;
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sctp {
    pub source_port: u16,
    pub target_port: u16,
    /// Type of the first chunk; [`None`] when there is none or the capture ends before it.
    pub chunk: Option<u8>,
}

pub fn read(segment: &[u8]) -> Result<Sctp, DecodeError> {
    let ports = u32_at(segment, 0).ok_or(DecodeError::Truncated("SCTP header"))?;
    Ok(Sctp { source_port: (ports >> 16) as u16, target_port: ports as u16, chunk: u8_at(segment, 12) })
}
