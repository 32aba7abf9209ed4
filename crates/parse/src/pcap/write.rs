//! A writer of classic pcap with microseconds and Ethernet frames, into a byte vector.
//!
//! For the lab, the generators and evidence files; nothing else needs another variant.

use vedette_event::Time;

/// Frames longer than this are cut.
const SNAP_LEN: usize = 262_144;

/// The file header; call once, first.
pub fn header(out: &mut Vec<u8>) {
    out.extend_from_slice(&0xa1b2_c3d4_u32.to_le_bytes());
    out.extend_from_slice(&2u16.to_le_bytes());
    out.extend_from_slice(&4u16.to_le_bytes());
    out.extend_from_slice(&[0; 8]);
    out.extend_from_slice(&(SNAP_LEN as u32).to_le_bytes());
    out.extend_from_slice(&1u32.to_le_bytes());
}

/// One Ethernet frame. Times outside 1970 to 2106 are held at those ends.
pub fn frame(out: &mut Vec<u8>, time: Time, ethernet: &[u8]) {
    cut_frame(out, time, ethernet, u32::try_from(ethernet.len()).unwrap_or(u32::MAX));
}

/// The start of a frame that was `wire_len` bytes long.
pub fn cut_frame(out: &mut Vec<u8>, time: Time, ethernet: &[u8], wire_len: u32) {
    let kept = &ethernet[..ethernet.len().min(SNAP_LEN)];
    let seconds = time.seconds().clamp(0, i64::from(u32::MAX)) as u32;
    let micros = time.0.rem_euclid(1_000_000) as u32;
    out.extend_from_slice(&seconds.to_le_bytes());
    out.extend_from_slice(&micros.to_le_bytes());
    out.extend_from_slice(&(kept.len() as u32).to_le_bytes());
    out.extend_from_slice(&wire_len.to_le_bytes());
    out.extend_from_slice(kept);
}
