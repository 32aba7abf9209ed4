//! One message to one address: over HTTPS, signed, or as syslog.

use super::channel::{PRIVATE, Secrets, Settings, Transport, address};
use super::reach::is_inside;
use super::{mail, shapes};
use crate::state::AlertRecord;
use aws_lc_rs::hmac;
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};
use std::io::Write;
use std::net::{SocketAddr, TcpStream, ToSocketAddrs, UdpSocket};
use std::sync::Arc;
use std::time::Duration;
use ureq::http::Uri;
use ureq::tls::{PemItem, RootCerts, TlsConfig, TlsProvider};
use ureq::unversioned::resolver::{DefaultResolver, ResolvedSocketAddrs, Resolver};
use ureq::unversioned::transport::{DefaultConnector, NextTimeout};
use vedette_event::Time;

/// A whole delivery takes no longer.
pub const LONGEST: Duration = Duration::from_secs(15);
/// Of an answer that is no success, for the error.
const SHOWN: usize = 200;

/// Why it did not arrive, and whether trying again can help.
#[derive(Debug, PartialEq)]
pub struct Failure {
    pub why: String,
    pub final_: bool,
}

impl Failure {
    pub fn again(why: impl ToString) -> Failure {
        Failure { why: why.to_string(), final_: false }
    }

    pub fn never(why: impl ToString) -> Failure {
        Failure { why: why.to_string(), final_: true }
    }
}

/// Sends an alert. `id` is the same for every try, so that a receiver can tell a repetition.
pub fn send(
    settings: &Settings,
    secrets: &Secrets,
    alert: &AlertRecord,
    id: &str,
    hostname: &str,
    now: Time,
) -> Result<(), Failure> {
    let to = address(&secrets.url).map_err(Failure::never)?;
    if to.transport == Transport::Http {
        let body = shapes::body(settings, alert);
        return post(settings.allow_private, secrets, id, body, now);
    }
    let target = reachable(&to.host, to.port, settings.allow_private)?;
    if to.transport.is_mail() {
        return mail::send(settings, secrets, (&to, target), alert, id, hostname);
    }
    let line = shapes::syslog(settings, alert, hostname);
    match to.transport {
        Transport::SyslogUdp => datagram(target, &line),
        Transport::SyslogTcp => connect(target).and_then(|mut stream| framed(&mut stream, &line)),
        _ => connect(target).and_then(|stream| encrypted(stream, &to.host, secrets.trust.as_deref(), &line)),
    }
}

/// The header `webhook-signature` of Standard Webhooks: `v1,` and HMAC-SHA-256 in base64.
pub fn signature(key: &[u8], id: &str, seconds: i64, body: &str) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA256, key);
    let tag = hmac::sign(&key, format!("{id}.{seconds}.{body}").as_bytes());
    format!("v1,{}", BASE64_STANDARD.encode(tag.as_ref()))
}

fn post(allow_private: bool, secrets: &Secrets, id: &str, body: String, now: Time) -> Result<(), Failure> {
    let mut tls = TlsConfig::builder()
        .provider(TlsProvider::Rustls)
        .unversioned_rustls_crypto_provider(Arc::new(rustls::crypto::aws_lc_rs::default_provider()));
    if let Some(pem) = &secrets.trust {
        let own = ureq::tls::parse_pem(pem.as_bytes()).filter_map(Result::ok).filter_map(|item| match item {
            PemItem::Certificate(certificate) => Some(certificate),
            _ => None,
        });
        tls = tls.root_certs(RootCerts::Specific(Arc::new(own.collect())));
    }
    let config = ureq::Agent::config_builder()
        .tls_config(tls.build())
        .http_status_as_error(false)
        // Where a redirection leads was not checked.
        .max_redirects(0)
        .timeout_global(Some(LONGEST))
        .proxy(None)
        .build();
    let resolver = Checked { allow_private, inner: DefaultResolver::default() };
    let agent = ureq::Agent::with_parts(config, DefaultConnector::default(), resolver);
    let key = BASE64_STANDARD.decode(&secrets.key).map_err(|_| Failure::never("the key is not base64"))?;
    let seconds = now.seconds();
    let request = agent
        .post(&secrets.url)
        .header("content-type", "application/json")
        .header("user-agent", concat!("vedette/", env!("CARGO_PKG_VERSION")))
        .header("webhook-id", id)
        .header("webhook-timestamp", seconds.to_string())
        .header("webhook-signature", signature(&key, id, seconds, &body));
    let mut answer = request.send(body).map_err(|error| match error {
        ureq::Error::Other(why) if why.is::<Private>() => Failure::never(PRIVATE),
        other => Failure::again(other),
    })?;
    let status = answer.status();
    if status.is_success() {
        return Ok(());
    }
    let said = answer.body_mut().with_config().limit(64 << 10).read_to_string().unwrap_or_default();
    let said: String = said.chars().filter(|letter| !letter.is_control()).take(SHOWN).collect();
    let why = format!("the receiver answered {status}: {said}");
    // Gone: the receiver does not want any more.
    Err(if status.as_u16() == 410 { Failure::never(why) } else { Failure::again(why) })
}

/// Looks names up and refuses private addresses, at the moment of connecting: a name may mean another
/// address then than when it was configured.
#[derive(Debug)]
struct Checked {
    allow_private: bool,
    inner: DefaultResolver,
}

#[derive(Debug, thiserror::Error)]
#[error("{PRIVATE}")]
struct Private;

impl Resolver for Checked {
    fn resolve(
        &self,
        uri: &Uri,
        config: &ureq::config::Config,
        timeout: NextTimeout,
    ) -> Result<ResolvedSocketAddrs, ureq::Error> {
        let found = self.inner.resolve(uri, config, timeout)?;
        if !self.allow_private && found.iter().any(|address| is_inside(address.ip())) {
            return Err(ureq::Error::Other(Box::new(Private)));
        }
        Ok(found)
    }
}

fn reachable(host: &str, port: u16, allow_private: bool) -> Result<SocketAddr, Failure> {
    let found = (host, port).to_socket_addrs().map_err(|error| Failure::again(format!("{host}: {error}")))?;
    let all: Vec<SocketAddr> = found.collect();
    if !allow_private && all.iter().any(|address| is_inside(address.ip())) {
        return Err(Failure::never(PRIVATE));
    }
    all.first().copied().ok_or_else(|| Failure::again(format!("{host} has no address")))
}

fn datagram(target: SocketAddr, line: &str) -> Result<(), Failure> {
    let own: SocketAddr = if target.is_ipv4() { ([0, 0, 0, 0], 0).into() } else { ([0_u16; 8], 0).into() };
    let socket = UdpSocket::bind(own).map_err(Failure::again)?;
    // Longer ones would be cut on the way (RFC 5426).
    let end = line.char_indices().map(|(at, _)| at).take_while(|at| *at <= 2_000).last().unwrap_or_default();
    let text = if line.len() > 2_000 { &line[..end] } else { line };
    socket.send_to(text.as_bytes(), target).map(|_| ()).map_err(Failure::again)
}

fn connect(target: SocketAddr) -> Result<TcpStream, Failure> {
    let stream = TcpStream::connect_timeout(&target, LONGEST).map_err(Failure::again)?;
    stream.set_write_timeout(Some(LONGEST)).map_err(Failure::again)?;
    stream.set_read_timeout(Some(LONGEST)).map_err(Failure::again)?;
    Ok(stream)
}

/// With its length in front (RFC 6587, 3.4.1).
fn framed(stream: &mut impl Write, line: &str) -> Result<(), Failure> {
    let frame = format!("{} {line}", line.len());
    stream.write_all(frame.as_bytes()).and_then(|()| stream.flush()).map_err(Failure::again)
}

fn encrypted(stream: TcpStream, host: &str, trust: Option<&str>, line: &str) -> Result<(), Failure> {
    let roots = roots(trust).map_err(Failure::never)?;
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(Failure::never)?
        .with_root_certificates(roots)
        .with_no_client_auth();
    let name = ServerName::try_from(host.to_owned()).map_err(Failure::never)?;
    let connection = ClientConnection::new(Arc::new(config), name).map_err(Failure::never)?;
    let mut stream = StreamOwned::new(connection, stream);
    framed(&mut stream, line)?;
    stream.conn.send_close_notify();
    stream.flush().map_err(Failure::again)
}

/// Those of an administrator's own authority, or the public ones.
pub fn roots(trust: Option<&str>) -> Result<RootCertStore, String> {
    let mut roots = RootCertStore::empty();
    let Some(pem) = trust else {
        roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
        return Ok(roots);
    };
    for certificate in rustls_pemfile::certs(&mut pem.as_bytes()) {
        let certificate = certificate.map_err(|error| format!("`trust` is no PEM text: {error}"))?;
        roots
            .add(certificate)
            .map_err(|error| format!("`trust` has a certificate that cannot be used: {error}"))?;
    }
    if roots.is_empty() {
        return Err("`trust` has no certificate: give the authority's as PEM".to_owned());
    }
    Ok(roots)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::super::channel::Shape;
    use super::super::shapes::tests::alert;
    use super::*;
    use std::io::Read;
    use std::net::TcpListener;

    fn secrets(url: String) -> Secrets {
        Secrets { url, key: BASE64_STANDARD.encode(b"key"), ..Secrets::default() }
    }

    fn allowed(shape: Shape) -> Settings {
        Settings { allow_private: true, shape, ..Settings::default() }
    }

    /// Answers one request with `answer` and gives what was asked.
    fn receiver(answer: &'static str) -> (String, std::thread::JoinHandle<String>) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/hook", listener.local_addr().unwrap());
        let thread = std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            stream.set_read_timeout(Some(Duration::from_millis(500))).unwrap();
            let (mut asked, mut piece) = (Vec::new(), [0; 4096]);
            while let Ok(count) = stream.read(&mut piece) {
                asked.extend_from_slice(&piece[..count]);
                let text = String::from_utf8_lossy(&asked);
                if count == 0 || text.ends_with("}}") {
                    break;
                }
            }
            stream.write_all(answer.as_bytes()).unwrap();
            String::from_utf8(asked).unwrap()
        });
        (url, thread)
    }

    #[test]
    fn the_signature_is_that_of_the_specification() {
        // The example of Standard Webhooks' reference libraries.
        let key = BASE64_STANDARD.decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap();
        let made = signature(&key, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1_614_265_330, "{\"test\": 2432232314}");
        assert_eq!(made, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    }

    #[test]
    fn a_webhook_is_posted_and_signed() {
        let (url, thread) = receiver("HTTP/1.1 204 No Content\r\n\r\n");
        let sent = send(&allowed(Shape::Json), &secrets(url), &alert("scan"), "msg_7", "h", Time(9_000_000));
        assert_eq!(sent, Ok(()));
        let asked = thread.join().unwrap();
        let (head, body) = asked.split_once("\r\n\r\n").unwrap();
        let signed = signature(b"key", "msg_7", 9, body);
        assert!(
            head.contains("webhook-id: msg_7") && head.contains(&format!("webhook-signature: {signed}")),
            "{head}"
        );
        let body: serde_json::Value = serde_json::from_str(body).unwrap();
        assert_eq!((&body["type"], &body["data"]["name"]), (&"alert.opened".into(), &"scan".into()));
    }

    #[test]
    fn what_can_help_later_is_told_from_what_cannot() {
        for (answer, final_) in [
            ("HTTP/1.1 500 Broken\r\ncontent-length: 2\r\n\r\nno", false),
            ("HTTP/1.1 429 Slow\r\ncontent-length: 0\r\n\r\n", false),
            ("HTTP/1.1 302 Elsewhere\r\nlocation: http://127.0.0.1:1/\r\ncontent-length: 0\r\n\r\n", false),
            ("HTTP/1.1 410 Gone\r\ncontent-length: 0\r\n\r\n", true),
        ] {
            let (url, thread) = receiver(answer);
            let failed =
                send(&allowed(Shape::Json), &secrets(url), &alert("x"), "m", "h", Time(0)).unwrap_err();
            assert_eq!(failed.final_, final_, "{answer}: {}", failed.why);
            thread.join().unwrap();
        }
        let closed = send(
            &allowed(Shape::Json),
            &secrets("http://127.0.0.1:1/".into()),
            &alert("x"),
            "m",
            "h",
            Time(0),
        );
        assert!(!closed.unwrap_err().final_);
    }

    #[test]
    fn a_name_that_leads_inside_is_refused_when_connecting() {
        for url in ["http://localhost:9/", "syslog+udp://localhost:9", "syslog+tcp://127.0.0.1:9"] {
            let failed =
                send(&Settings::default(), &secrets(url.into()), &alert("x"), "m", "h", Time(0)).unwrap_err();
            assert_eq!((failed.why.as_str(), failed.final_), (PRIVATE, true), "{url}");
        }
    }

    #[test]
    fn syslog_goes_by_datagram_and_by_stream() {
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        socket.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
        let url = format!("syslog+udp://{}", socket.local_addr().unwrap());
        send(&allowed(Shape::Cef), &secrets(url), &alert("scan"), "m", "host1", Time(0)).unwrap();
        let mut packet = [0; 4096];
        let length = socket.recv(&mut packet).unwrap();
        let text = String::from_utf8_lossy(&packet[..length]).into_owned();
        assert!(text.starts_with("<132>1 ") && text.contains("CEF:0|Vedette"), "{text}");
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("syslog+tcp://{}", listener.local_addr().unwrap());
        let thread = std::thread::spawn(move || {
            let mut text = String::new();
            listener.accept().unwrap().0.read_to_string(&mut text).unwrap();
            text
        });
        send(&allowed(Shape::Json), &secrets(url), &alert("scan"), "m", "host1", Time(0)).unwrap();
        let framed = thread.join().unwrap();
        let (length, line) = framed.split_once(' ').unwrap();
        assert_eq!(length.parse::<usize>().unwrap(), line.len());
    }
}
