//! The probes: a few dozen TCP connections from one loopback address to another, to ports nobody
//! listens on. They never leave this machine, and are closed at once where somebody does listen.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Duration;
use tokio::net::TcpSocket;

/// Enough for any sensitivity, few enough to be nothing.
pub const PROBES: u16 = 40;
/// A firewall that drops on loopback must not hold the test up.
const LONGEST: Duration = Duration::from_millis(700);

/// A source and a target that no other test uses: 127.x.y.z, never 127.0.0.0/16.
pub fn addresses() -> (IpAddr, IpAddr) {
    let [a, b, c] = rand::random::<[u8; 3]>();
    let second = 64 + a % 128;
    let source = Ipv4Addr::new(127, second, b, 1 + c % 126);
    let target = Ipv4Addr::new(127, second, b, 128 + c % 126);
    (source.into(), target.into())
}

/// Sends the probes, and returns how many could be sent.
pub async fn probe(source: IpAddr, target: IpAddr) -> u64 {
    let first = 2000 + rand::random::<u16>() % 20_000;
    let attempts = (0..PROBES).map(|n| connect(source, SocketAddr::new(target, first + n * 7)));
    let sent = futures::future::join_all(attempts).await;
    sent.into_iter().filter(|sent| *sent).count() as u64
}

/// One connection; true when the attempt went out, whatever came back.
async fn connect(source: IpAddr, target: SocketAddr) -> bool {
    let Ok(socket) = TcpSocket::new_v4() else { return false };
    if socket.bind(SocketAddr::new(source, 0)).is_err() {
        return false;
    }
    match tokio::time::timeout(LONGEST, socket.connect(target)).await {
        Ok(Ok(_)) | Err(_) => true,
        Ok(Err(error)) => error.kind() == std::io::ErrorKind::ConnectionRefused,
    }
}
