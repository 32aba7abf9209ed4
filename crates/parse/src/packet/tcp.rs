//! TCP headers and their options.

use super::DecodeError;
use super::bytes::{array_at, u16_at};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tcp {
    pub source_port: u16,
    pub target_port: u16,
    pub sequence: u32,
    pub acknowledgement: u32,
    /// See [`vedette_event::flag`].
    pub flags: u16,
    /// 0 when the capture ends before it.
    pub window: u16,
    pub urgent: u16,
    /// As the header says, held between 20 bytes and the length of the segment.
    pub header_len: u8,
}

/// What the options say.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct TcpOptions {
    /// 0 when absent.
    pub mss: u16,
    /// Kinds in order, as in [`vedette_event::FirstPacket::options`].
    pub kinds: u64,
}

/// Needs 14 bytes: up to the flags.
#[inline(always)]
pub fn read(segment: &[u8], wire_len: u32) -> Result<Tcp, DecodeError> {
    let Some(head) = array_at::<20>(segment, 0) else { return short(segment) };
    let header_len = (head[12] >> 4) * 4;
    Ok(Tcp {
        source_port: u16::from_be_bytes([head[0], head[1]]),
        target_port: u16::from_be_bytes([head[2], head[3]]),
        sequence: u32::from_be_bytes([head[4], head[5], head[6], head[7]]),
        acknowledgement: u32::from_be_bytes([head[8], head[9], head[10], head[11]]),
        flags: u16::from_be_bytes([head[12], head[13]]) & 0x01ff,
        window: u16::from_be_bytes([head[14], head[15]]),
        urgent: u16::from_be_bytes([head[18], head[19]]),
        header_len: header_len.min(u8::try_from(wire_len).unwrap_or(60)).max(20),
    })
}

/// A header that the capture cut, or that was cut on purpose.
#[cold]
fn short(segment: &[u8]) -> Result<Tcp, DecodeError> {
    let Some(head) = array_at::<14>(segment, 0) else { return Err(DecodeError::Truncated("TCP header")) };
    Ok(Tcp {
        source_port: u16::from_be_bytes([head[0], head[1]]),
        target_port: u16::from_be_bytes([head[2], head[3]]),
        sequence: u32::from_be_bytes([head[4], head[5], head[6], head[7]]),
        acknowledgement: u32::from_be_bytes([head[8], head[9], head[10], head[11]]),
        flags: u16::from_be_bytes([head[12], head[13]]) & 0x01ff,
        window: u16_at(segment, 14).unwrap_or_default(),
        urgent: u16_at(segment, 18).unwrap_or_default(),
        header_len: 20.max((head[12] >> 4) * 4),
    })
}

/// Option kinds and the maximum segment size. A malformed length ends the list.
pub fn options(segment: &[u8], header_len: u8) -> TcpOptions {
    let end = usize::from(header_len).min(segment.len());
    let mut options = TcpOptions::default();
    let mut rest = segment.get(20..end).unwrap_or_default();
    for place in 0..16 {
        let Some(&kind) = rest.first() else { break };
        options.kinds |= u64::from(kind.min(15)) << (60 - 4 * place);
        let length = match kind {
            // End of list: what follows is padding.
            0 => break,
            1 => 1,
            _ => rest.get(1).map_or(0, |&length| usize::from(length)),
        };
        if length == 0 || (kind > 1 && length < 2) || length > rest.len() {
            break;
        }
        if kind == 2 && length == 4 {
            options.mss = u16::from_be_bytes([rest[2], rest[3]]);
        }
        rest = &rest[length..];
    }
    options
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn with_options(options: &[u8]) -> TcpOptions {
        let mut segment = vec![0; 20];
        segment.extend_from_slice(options);
        super::options(&segment, segment.len() as u8)
    }

    #[test]
    fn options_become_a_signature() {
        assert_eq!(with_options(&[]), TcpOptions::default());
        assert_eq!(with_options(&[2, 4, 5, 0xb4]), TcpOptions { mss: 1460, kinds: 0x2000_0000_0000_0000 });
        // Linux: MSS, SACK permitted, timestamps, NOP, window scale.
        let linux = [2, 4, 5, 0xb4, 4, 2, 8, 10, 0, 0, 0, 1, 0, 0, 0, 0, 1, 3, 3, 7];
        assert_eq!(with_options(&linux).kinds, 0x2481_3000_0000_0000);
        // TCP fast open (34) and an experiment (254) show as 15.
        assert_eq!(with_options(&[34, 2, 254, 2]).kinds, 0xff00_0000_0000_0000);
    }

    #[test]
    fn malformed_options_end_the_list() {
        assert_eq!(with_options(&[2, 0, 0, 0]), TcpOptions { mss: 0, kinds: 0x2000_0000_0000_0000 });
        assert_eq!(with_options(&[2, 200]).mss, 0);
        assert_eq!(with_options(&[2]).mss, 0);
        assert_eq!(with_options(&[1; 40]).kinds, 0x1111_1111_1111_1111);
    }

    #[test]
    fn flags_are_enough() {
        let mut segment = [0u8; 14];
        segment[12] = 0x51;
        segment[13] = 0x02;
        let tcp = read(&segment, 24).unwrap();
        assert_eq!((tcp.flags, tcp.header_len, tcp.window), (0x102, 20, 0));
        assert_eq!(read(&segment[..13], 24), Err(DecodeError::Truncated("TCP header")));
    }
}
