//! Connections that this host has open: what a block would cut.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// The state of an open connection in /proc.
const ESTABLISHED: &str = "01";

/// Open TCP connections with an address.
pub fn open_with(address: IpAddr) -> usize {
    let text =
        |name: &str| std::fs::read_to_string(format!("/proc/thread-self/net/{name}")).unwrap_or_default();
    count(&text("tcp"), address) + count(&text("tcp6"), address)
}

/// Lines of number, local, remote, state, …: `0: 0100007F:1F90 0900000A:C350 01 …`.
fn count(text: &str, address: IpAddr) -> usize {
    let address = address.to_canonical();
    let with = |line: &&str| {
        let mut words = line.split_whitespace().skip(2);
        let (remote, state) = (words.next(), words.next());
        state == Some(ESTABLISHED) && remote.and_then(read) == Some(address)
    };
    text.lines().skip(1).filter(with).count()
}

/// The words of an address in the order of the machine's bytes.
fn read(text: &str) -> Option<IpAddr> {
    let digits = text.split(':').next()?;
    let word = |at: usize| u32::from_str_radix(digits.get(at..at + 8)?, 16).ok().map(u32::to_ne_bytes);
    match digits.len() {
        8 => Some(Ipv4Addr::from(word(0)?).into()),
        32 => {
            let mut bytes = [0; 16];
            for (place, chunk) in bytes.chunks_exact_mut(4).enumerate() {
                chunk.copy_from_slice(&word(place * 8)?);
            }
            Some(IpAddr::from(Ipv6Addr::from(bytes)).to_canonical())
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use std::net::TcpListener;

    #[test]
    fn counts_what_is_open() {
        let loopback: IpAddr = "127.0.0.1".parse().unwrap();
        let listener = TcpListener::bind((loopback, 0)).unwrap();
        let before = open_with(loopback);
        let stream = std::net::TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let _other_end = listener.accept().unwrap();
        assert!(open_with(loopback) > before.min(1));
        assert_eq!(open_with("203.0.113.9".parse().unwrap()), 0);
        drop(stream);
        assert_eq!(count("head\nnonsense\n 0: 1 2\n 1: 00:00 é:1 01\n", loopback), 0);
    }
}
