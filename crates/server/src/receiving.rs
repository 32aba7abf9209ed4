//! Logs that other hosts send while they are written: syslog over UDP, TCP and TLS, and NetFlow.
//!
//! ```text
//! sockets ─> (bounded queue) ─> writing: recognised, stored in its dataset or in quarantine
//!                                 ├─ fresh ─> the live detector, beside what the sensor sees
//!                                 └─ old ───> a time-line of the sender (see following)
//! ```
//!
//! Off unless an address is given. Who may send is a list of networks; others are not read, only
//! counted. Datagrams that find the queue full are dropped and counted; a stream is not read on until
//! there is room.
//!
//! Belongs here: sockets, who may send, framing, queues. Does not belong here: what a line says.

mod framing;
mod senders;
mod writing;

use crate::app::App;
use crate::pipeline::Gauge;
use crate::tls::Certificate;
use framing::Framing;
use ipnet::IpNet;
use jiff::tz::TimeZone;
use parking_lot::Mutex;
pub use senders::SenderStatus;
use senders::Senders;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::net::{TcpListener, UdpSocket};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::sync::{Semaphore, watch};
use tokio_rustls::TlsAcceptor;

/// Bytes that wait to be written.
const QUEUE: usize = 64 << 20;
/// What a message takes beside its bytes.
const OVERHEAD: usize = 128;
const CONNECTIONS: usize = 256;
const HANDSHAKE: Duration = Duration::from_secs(10);
/// A connection on which nothing came for so long is closed.
const SILENCE: Duration = Duration::from_secs(3600);
/// How long a stream waits for room in the queue before it looks again.
const FULL: Duration = Duration::from_millis(20);

/// What is listened to. All of it is off at first.
#[derive(Clone, Debug)]
pub struct ReceivingConfig {
    /// Syslog over UDP and TCP.
    pub syslog: Vec<SocketAddr>,
    /// Syslog over TLS, with the server's certificate.
    pub syslog_tls: Vec<SocketAddr>,
    /// NetFlow 5 and 9 and IPFIX over UDP.
    pub netflow: Vec<SocketAddr>,
    /// Who may send; empty: this host only.
    pub from: Vec<IpNet>,
    /// Of times that carry no zone.
    pub zone: TimeZone,
}

impl Default for ReceivingConfig {
    fn default() -> ReceivingConfig {
        ReceivingConfig {
            syslog: Vec::new(),
            syslog_tls: Vec::new(),
            netflow: Vec::new(),
            from: Vec::new(),
            zone: TimeZone::UTC,
        }
    }
}

/// What is to be listened to, in the words of a command line.
#[derive(Clone, Debug, Default)]
pub struct AskedFor {
    pub syslog: Vec<SocketAddr>,
    pub syslog_tls: Vec<SocketAddr>,
    pub netflow: Vec<SocketAddr>,
    /// Addresses and networks.
    pub from: Vec<String>,
    /// Name or offset; empty for UTC.
    pub zone: String,
}

impl ReceivingConfig {
    /// # Errors
    /// A sentence for the user: what makes no sense, and what to write instead.
    pub fn of(asked: AskedFor) -> Result<ReceivingConfig, String> {
        let AskedFor { syslog, syslog_tls, netflow, from, zone } = asked;
        let network = |text: &String| {
            let one = text.parse::<IpAddr>().map(IpNet::from);
            let network = one.or_else(|_| text.parse::<IpNet>());
            network.map_err(|_| format!("--logs-from {text}: give an address or a network like 10.0.0.0/8"))
        };
        let from: Vec<IpNet> = from.iter().map(network).collect::<Result<_, _>>()?;
        let open =
            syslog.iter().chain(&syslog_tls).chain(&netflow).find(|address| !address.ip().is_loopback());
        if let (Some(address), true) = (open, from.is_empty()) {
            return Err(format!(
                "{address} can be reached by other hosts: say which of them may send logs with --logs-from, for example --logs-from 192.0.2.0/24"
            ));
        }
        let zone = if zone.is_empty() { TimeZone::UTC } else { crate::pipeline::lines::zone(&zone)? };
        Ok(ReceivingConfig { syslog, syslog_tls, netflow, from, zone })
    }

    fn allows(&self, sender: IpAddr) -> bool {
        let sender = sender.to_canonical();
        if self.from.is_empty() {
            sender.is_loopback()
        } else {
            self.from.iter().any(|net| net.contains(&sender))
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    SyslogUdp,
    SyslogTcp,
    SyslogTls,
    Netflow,
}

impl Kind {
    pub fn as_str(self) -> &'static str {
        match self {
            Kind::SyslogUdp => "syslog_udp",
            Kind::SyslogTcp => "syslog_tcp",
            Kind::SyslogTls => "syslog_tls",
            Kind::Netflow => "netflow",
        }
    }
}

/// What came and what became of it, since the start.
#[derive(Default)]
pub struct Counts {
    pub messages: AtomicU64,
    pub bytes: AtomicU64,
    pub stored: AtomicU64,
    /// Of no format that is read, or damaged: in quarantine.
    pub quarantined: AtomicU64,
    /// Datagrams for which the queue had no room.
    pub dropped: AtomicU64,
    /// Datagrams and connections of senders that may not.
    pub refused: AtomicU64,
    /// Given up on because the store could not take them.
    pub lost: AtomicU64,
    pub failures: AtomicU64,
    pub connections: AtomicUsize,
}

/// A message on its way to be written.
struct Received {
    sender: IpAddr,
    kind: Kind,
    bytes: Vec<u8>,
    cut: bool,
}

impl Received {
    fn size(&self) -> usize {
        self.bytes.len() + OVERHEAD
    }
}

enum Socket {
    Udp(UdpSocket, Kind),
    Tcp(TcpListener, Kind),
}

/// The sockets, bound and not read yet.
pub struct Bound {
    config: ReceivingConfig,
    sockets: Vec<Socket>,
    listeners: Vec<(Kind, SocketAddr)>,
}

impl Bound {
    /// Binds every address. An error names it.
    pub async fn bind(config: ReceivingConfig) -> Result<Bound, (SocketAddr, io::Error)> {
        let (mut sockets, mut listeners) = (Vec::new(), Vec::new());
        let kinds = [
            (Kind::SyslogUdp, &config.syslog),
            (Kind::SyslogTcp, &config.syslog),
            (Kind::SyslogTls, &config.syslog_tls),
            (Kind::Netflow, &config.netflow),
        ];
        for (kind, addresses) in kinds {
            for &address in addresses {
                let fail = |error| (address, error);
                let bound = if matches!(kind, Kind::SyslogUdp | Kind::Netflow) {
                    let socket = UdpSocket::bind(address).await.map_err(fail)?;
                    let bound = socket.local_addr();
                    sockets.push(Socket::Udp(socket, kind));
                    bound
                } else {
                    let listener = TcpListener::bind(address).await.map_err(fail)?;
                    let bound = listener.local_addr();
                    sockets.push(Socket::Tcp(listener, kind));
                    bound
                };
                listeners.push((kind, bound.map_err(fail)?));
            }
        }
        Ok(Bound { config, sockets, listeners })
    }

    pub fn wants_tls(&self) -> bool {
        !self.config.syslog_tls.is_empty()
    }
}

/// Everything that receives logs.
pub struct Receiving {
    config: ReceivingConfig,
    pub listeners: Vec<(Kind, SocketAddr)>,
    pub counts: Counts,
    queue: Arc<Gauge>,
    to_write: Mutex<Option<UnboundedSender<Received>>>,
    senders: Mutex<Senders>,
    longest: usize,
    places: Arc<Semaphore>,
    certificate: Option<Arc<Certificate>>,
}

/// What runs once the rest of the server does.
pub struct Start {
    sockets: Vec<Socket>,
    written: UnboundedReceiver<Received>,
}

impl Receiving {
    pub fn new(
        bound: Bound,
        longest: usize,
        certificate: Option<Arc<Certificate>>,
    ) -> (Arc<Receiving>, Start) {
        let (to_write, written) = unbounded_channel();
        let Bound { config, sockets, listeners } = bound;
        let receiving = Receiving {
            config,
            listeners,
            counts: Counts::default(),
            queue: Gauge::new(QUEUE),
            to_write: Mutex::new(Some(to_write)),
            senders: Mutex::new(Senders::default()),
            longest,
            places: Arc::new(Semaphore::new(CONNECTIONS)),
            certificate,
        };
        (Arc::new(receiving), Start { sockets, written })
    }

    pub fn queued_bytes(&self) -> usize {
        self.queue.queued()
    }

    pub fn from(&self) -> Vec<String> {
        self.config.from.iter().map(ToString::to_string).collect()
    }

    pub fn senders(&self) -> Vec<SenderStatus> {
        self.senders.lock().status()
    }

    /// Nothing more is taken; what waits is written, and then writing ends.
    pub fn close(&self) {
        *self.to_write.lock() = None;
    }

    pub fn renew_certificate(&self, now: vedette_event::Time) {
        if let Some(Err(error)) = self.certificate.as_ref().map(|certificate| certificate.renew(now)) {
            tracing::error!(%error, "the certificate for syslog could not be renewed");
        }
    }

    /// Puts a message into the queue; gives it back when there is no room.
    fn hand_on(&self, received: Received) -> Result<(), Option<Received>> {
        let size = received.size();
        if self.queue.queued() + size > self.queue.capacity() || !self.queue.reserve(size) {
            return Err(Some(received));
        }
        let len = received.bytes.len() as u64;
        let sent = self.to_write.lock().as_ref().is_some_and(|to_write| to_write.send(received).is_ok());
        if !sent {
            self.queue.release(size);
            return Err(None);
        }
        self.counts.messages.fetch_add(1, Ordering::Relaxed);
        self.counts.bytes.fetch_add(len, Ordering::Relaxed);
        Ok(())
    }

    fn refuse(&self, sender: IpAddr) {
        if self.counts.refused.fetch_add(1, Ordering::Relaxed) == 0 {
            tracing::warn!(%sender, "sends logs and may not; allow it with --logs-from");
        }
    }
}

/// Starts reading the sockets and writing; the task that is returned ends when all is written.
pub fn start(app: &Arc<App>, start: Start, stopping: &watch::Receiver<bool>) -> tokio::task::JoinHandle<()> {
    let receiving = &app.receiving;
    for socket in start.sockets {
        let (receiving, mut stopping) = (receiving.clone(), stopping.clone());
        tokio::spawn(async move {
            let reading = async {
                match socket {
                    Socket::Udp(socket, kind) => datagrams(&receiving, &socket, kind).await,
                    Socket::Tcp(listener, kind) => connections(&receiving, &listener, kind).await,
                }
            };
            tokio::select! {
                () = reading => {}
                _ = stopping.wait_for(|stopping| *stopping) => {}
            }
        });
    }
    tokio::spawn(writing::run(app.clone(), start.written))
}

async fn datagrams(receiving: &Receiving, socket: &UdpSocket, kind: Kind) {
    let mut buffer = vec![0; 65_536];
    loop {
        let (len, sender) = match socket.recv_from(&mut buffer).await {
            Ok(received) => received,
            Err(error) => {
                tracing::warn!(%error, "a datagram could not be received");
                tokio::time::sleep(FULL).await;
                continue;
            }
        };
        if !receiving.config.allows(sender.ip()) {
            receiving.refuse(sender.ip());
            continue;
        }
        let mut bytes = buffer[..len].to_vec();
        if kind == Kind::SyslogUdp {
            let end =
                bytes.iter().rposition(|byte| !matches!(byte, b'\n' | b'\r' | 0)).map_or(0, |last| last + 1);
            bytes.truncate(end);
        }
        let sender = sender.ip().to_canonical();
        if !bytes.is_empty() && receiving.hand_on(Received { sender, kind, bytes, cut: false }).is_err() {
            receiving.counts.dropped.fetch_add(1, Ordering::Relaxed);
        }
    }
}

async fn connections(receiving: &Arc<Receiving>, listener: &TcpListener, kind: Kind) {
    let acceptor = match (kind, &receiving.certificate) {
        (Kind::SyslogTls, Some(certificate)) => match certificate.server_config() {
            Ok(config) => Some(TlsAcceptor::from(config)),
            Err(error) => return tracing::error!(%error, "syslog over TLS cannot be served"),
        },
        _ => None,
    };
    loop {
        let (stream, peer) = match listener.accept().await {
            Ok(accepted) => accepted,
            Err(error) => {
                tracing::warn!(%error, "a connection for syslog could not be accepted");
                tokio::time::sleep(Duration::from_millis(50)).await;
                continue;
            }
        };
        let place = receiving.places.clone().try_acquire_owned();
        let (true, Ok(place)) = (receiving.config.allows(peer.ip()), place) else {
            receiving.refuse(peer.ip());
            continue;
        };
        let (receiving, acceptor) = (receiving.clone(), acceptor.clone());
        let sender = peer.ip().to_canonical();
        tokio::spawn(async move {
            receiving.counts.connections.fetch_add(1, Ordering::Relaxed);
            match acceptor {
                None => read(&receiving, stream, sender, kind).await,
                Some(acceptor) => match tokio::time::timeout(HANDSHAKE, acceptor.accept(stream)).await {
                    Ok(Ok(stream)) => read(&receiving, stream, sender, kind).await,
                    _ => tracing::debug!(%sender, "the TLS handshake for syslog failed"),
                },
            }
            receiving.counts.connections.fetch_sub(1, Ordering::Relaxed);
            drop(place);
        });
    }
}

/// Reads a connection to its end.
async fn read(receiving: &Receiving, mut stream: impl AsyncRead + Unpin, sender: IpAddr, kind: Kind) {
    let (mut framing, mut piece) = (Framing::default(), vec![0; 16_384]);
    loop {
        let read = match tokio::time::timeout(SILENCE, stream.read(&mut piece)).await {
            Ok(Ok(count)) => count,
            _ => 0,
        };
        let mut messages = Vec::new();
        let mut each = |message: framing::Message| messages.push(message);
        match read {
            0 => framing.finish(&mut each),
            count => framing.push(&piece[..count], receiving.longest, &mut each),
        }
        for message in messages {
            let mut waiting = Received { sender, kind, bytes: message.bytes, cut: message.cut };
            // The sender's own buffers fill up meanwhile, and it waits.
            while let Err(back) = receiving.hand_on(waiting) {
                let Some(back) = back else { return };
                waiting = back;
                tokio::time::sleep(FULL).await;
            }
        }
        if read == 0 {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn what_makes_no_sense_is_said() {
        let asked = |change: fn(&mut AskedFor)| {
            let mut asked = AskedFor::default();
            change(&mut asked);
            ReceivingConfig::of(asked).err().unwrap_or_default()
        };
        assert_eq!(asked(|asked| asked.syslog = vec!["127.0.0.1:5514".parse().unwrap()]), "");
        let open = |asked: &mut AskedFor| asked.syslog = vec!["0.0.0.0:514".parse().unwrap()];
        assert!(asked(open).contains("--logs-from"));
        assert!(asked(|asked| asked.from = vec!["10.0.0.0/99".to_owned()]).contains("10.0.0.0/99"));
        assert!(asked(|asked| asked.zone = "Mars/Olympus".to_owned()).contains("Mars/Olympus"));
        assert_eq!(asked(|asked| asked.from = vec!["10.0.0.1".to_owned(), "::1".to_owned()]), "");
    }

    #[test]
    fn who_may_send_is_a_list_and_by_default_this_host() {
        let mut config = ReceivingConfig::default();
        let allows = |config: &ReceivingConfig, ip: &str| config.allows(ip.parse().unwrap());
        assert!(
            allows(&config, "127.0.0.1") && allows(&config, "::ffff:127.0.0.1") && allows(&config, "::1")
        );
        assert!(!allows(&config, "10.0.0.1"));
        config.from = vec!["10.0.0.0/8".parse().unwrap(), "2001:db8::/32".parse().unwrap()];
        assert!(
            allows(&config, "10.9.9.9")
                && allows(&config, "::ffff:10.1.1.1")
                && allows(&config, "2001:db8::9")
        );
        assert!(!allows(&config, "127.0.0.1") && !allows(&config, "192.0.2.1"));
    }
}
