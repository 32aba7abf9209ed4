//! Captures made on the spot: a SYN scan of closed ports.

use vedette_event::Time;
use vedette_parse::pcap::write;

/// `count` SYNs from one host to another, each answered by RST, a millisecond apart.
pub fn scan(source: [u8; 4], target: [u8; 4], count: u16) -> Vec<u8> {
    let mut capture = Vec::new();
    write::header(&mut capture);
    let start = 1_700_000_000_000_000;
    for n in 0..count {
        let (port, time) = (1 + n, start + i64::from(n) * 1000);
        write::frame(&mut capture, Time(time), &tcp(source, target, 40_000, port, 0x02));
        write::frame(&mut capture, Time(time + 50), &tcp(target, source, port, 40_000, 0x14));
    }
    capture
}

/// An Ethernet frame with a TCP segment without payload, its checksums right.
fn tcp(source: [u8; 4], target: [u8; 4], from: u16, to: u16, flags: u8) -> Vec<u8> {
    let mut ip = vec![0x45, 0, 0, 40, 0, 0, 0, 0, 64, 6, 0, 0];
    ip.extend(source);
    ip.extend(target);
    let sum = checksum(&ip);
    ip[10..12].copy_from_slice(&sum);
    let mut segment = Vec::new();
    segment.extend(from.to_be_bytes());
    segment.extend(to.to_be_bytes());
    segment.extend([0, 0, 0, 1, 0, 0, 0, 1, 0x50, flags, 4, 0, 0, 0, 0, 0]);
    let mut pseudo = [source, target].concat();
    pseudo.extend([0, 6, 0, 20]);
    pseudo.extend(&segment);
    let sum = checksum(&pseudo);
    segment[16..18].copy_from_slice(&sum);
    let mut frame = vec![2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 8, 0];
    frame.extend(ip);
    frame.extend(segment);
    frame
}

fn checksum(bytes: &[u8]) -> [u8; 2] {
    let mut sum: u32 = bytes.chunks(2).map(|pair| u32::from(pair[0]) << 8 | u32::from(pair[1])).sum();
    while sum > 0xffff {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    (!(sum as u16)).to_be_bytes()
}
