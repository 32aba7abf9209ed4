//! Tests of what goes out encrypted, against receivers with certificates of an authority of their own: the
//! right one is believed, another name or another authority is not, and nothing secret is said before.

#![allow(clippy::unwrap_used)]
use super::channel::{Mail, Secrets, Settings};
use super::send::{Failure, send};
use super::shapes::tests::alert;
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;
use vedette_event::Time;

/// An authority, and what a server needs to be called `name`.
struct Authority {
    pem: String,
    issuer: Issuer<'static, KeyPair>,
}

impl Authority {
    fn new() -> Authority {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let pem = params.self_signed(&key).unwrap().pem();
        Authority { pem, issuer: Issuer::new(params, key) }
    }

    fn server(&self, name: &str) -> Arc<ServerConfig> {
        let key = KeyPair::generate().unwrap();
        let params = CertificateParams::new(vec![name.to_owned()]).unwrap();
        let chain = vec![params.signed_by(&key, &self.issuer).unwrap().der().clone()];
        let private = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let config = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
        Arc::new(config.unwrap().with_no_client_auth().with_single_cert(chain, private).unwrap())
    }
}

/// Takes one connection; what `play` made of it.
fn listen<T: Send + 'static>(play: impl FnOnce(TcpStream) -> T + Send + 'static) -> (u16, JoinHandle<T>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let thread = std::thread::spawn(move || {
        let stream = listener.accept().unwrap().0;
        stream.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
        play(stream)
    });
    (port, thread)
}

fn encrypted(config: Arc<ServerConfig>, stream: TcpStream) -> StreamOwned<ServerConnection, TcpStream> {
    StreamOwned::new(ServerConnection::new(config).unwrap(), stream)
}

fn line(stream: &mut impl Read) -> Option<String> {
    let (mut line, mut byte) = (Vec::new(), [0]);
    while stream.read(&mut byte).ok()? == 1 {
        if byte[0] == b'\n' {
            return Some(String::from_utf8_lossy(&line).trim_end().to_owned());
        }
        line.push(byte[0]);
    }
    None
}

/// Plays a mail server until the client leaves or wants to encrypt; true when it wants to.
fn mail_server(stream: &mut (impl Read + Write), offers: &str, greet: bool, said: &mut Vec<String>) -> bool {
    let answer = |stream: &mut dyn Write, text: &str| stream.write_all(format!("{text}\r\n").as_bytes());
    if greet && answer(stream, "220 here ESMTP").is_err() {
        return false;
    }
    let mut data = false;
    while let Some(line) = line(stream) {
        said.push(line.clone());
        let text = match line.split(' ').next().unwrap() {
            "." if data => {
                data = false;
                "250 queued".to_owned()
            }
            _ if data => continue,
            "EHLO" => format!("250-here\r\n250 {offers}"),
            "AUTH" => "235 welcome".to_owned(),
            "DATA" => {
                data = true;
                "354 go on".to_owned()
            }
            "STARTTLS" => return answer(stream, "220 go on").is_ok(),
            "QUIT" => {
                let _ = answer(stream, "221 bye");
                return false;
            }
            _ => "250 ok".to_owned(),
        };
        if answer(stream, &text).is_err() {
            return false;
        }
    }
    false
}

/// What a mail server heard in clear, and encrypted.
#[derive(Default, Debug)]
struct Heard {
    clear: Vec<String>,
    sealed: Vec<String>,
}

fn start_tls(config: Arc<ServerConfig>) -> (u16, JoinHandle<Heard>) {
    listen(move |mut stream| {
        let mut heard = Heard::default();
        if mail_server(&mut stream, "STARTTLS", true, &mut heard.clear) {
            mail_server(&mut encrypted(config, stream), "AUTH PLAIN LOGIN", false, &mut heard.sealed);
        }
        heard
    })
}

fn from_the_first_byte(config: Arc<ServerConfig>) -> (u16, JoinHandle<Heard>) {
    listen(move |stream| {
        let mut heard = Heard::default();
        mail_server(&mut encrypted(config, stream), "AUTH PLAIN LOGIN", true, &mut heard.sealed);
        heard
    })
}

fn mail(url: String, trust: &str) -> Result<(), Failure> {
    let mail = Mail { from: "v@here.example".into(), to: vec!["ops@here.example".into()] };
    let settings = Settings { mail: Some(mail), allow_private: true, ..Settings::default() };
    let secrets = Secrets {
        url,
        username: Some("user-7".into()),
        password: Some("hunter2".into()),
        trust: Some(trust.to_owned()),
        ..Secrets::default()
    };
    send(&settings, &secrets, &alert("scan"), "msg_1_7", "host", Time(0))
}

/// The login, as PLAIN sends it.
fn has_login(lines: &[String]) -> bool {
    use base64::Engine;
    let login = base64::prelude::BASE64_STANDARD.encode("\0user-7\0hunter2");
    lines.iter().any(|line| line.contains(&login))
}

#[test]
fn mail_is_encrypted_before_anything_secret_is_said() {
    let authority = Authority::new();
    for (scheme, server) in [("smtp", start_tls as fn(_) -> _), ("smtps", from_the_first_byte)] {
        let (port, thread) = server(authority.server("localhost"));
        assert_eq!(mail(format!("{scheme}://localhost:{port}"), &authority.pem), Ok(()), "{scheme}");
        let heard: Heard = thread.join().unwrap();
        assert!(has_login(&heard.sealed), "{scheme}: {heard:?}");
        assert!(heard.sealed.iter().any(|line| line == "Subject: [medium] scan"), "{scheme}: {heard:?}");
        let harmless = |line: &String| line.starts_with("EHLO") || line == "STARTTLS";
        assert!(heard.clear.iter().all(harmless), "{scheme}: {heard:?}");
    }
}

#[test]
fn a_mail_server_of_another_name_or_authority_hears_no_login() {
    let (authority, other) = (Authority::new(), Authority::new());
    for (scheme, server) in [("smtp", start_tls as fn(_) -> _), ("smtps", from_the_first_byte)] {
        for (name, trust) in [("elsewhere.example", &authority.pem), ("localhost", &other.pem)] {
            let (port, thread) = server(authority.server(name));
            let failed = mail(format!("{scheme}://localhost:{port}"), trust).unwrap_err();
            assert!(failed.why.to_lowercase().contains("certificate"), "{scheme} {name}: {}", failed.why);
            let heard: Heard = thread.join().unwrap();
            assert!(heard.sealed.is_empty() && !has_login(&heard.clear), "{scheme} {name}: {heard:?}");
        }
    }
}

fn read_all(config: Arc<ServerConfig>) -> (u16, JoinHandle<String>) {
    listen(move |stream| {
        let (mut stream, mut heard) = (encrypted(config, stream), Vec::new());
        let _ = stream.read_to_end(&mut heard);
        String::from_utf8_lossy(&heard).into_owned()
    })
}

fn told(url: String, trust: &str) -> Result<(), Failure> {
    let settings = Settings { allow_private: true, ..Settings::default() };
    let key = "a2V5LWtleS1rZXkta2V5LWtleS1rZXk=".to_owned();
    let secrets = Secrets { url, key, trust: Some(trust.to_owned()), ..Secrets::default() };
    send(&settings, &secrets, &alert("scan"), "msg_1_7", "host", Time(0))
}

#[test]
fn syslog_goes_to_the_right_name_of_the_right_authority_alone() {
    let (authority, other) = (Authority::new(), Authority::new());
    let (port, thread) = read_all(authority.server("localhost"));
    assert_eq!(told(format!("syslog+tls://localhost:{port}"), &authority.pem), Ok(()));
    let heard = thread.join().unwrap();
    let (length, text) = heard.split_once(' ').unwrap();
    assert!(length.parse() == Ok(text.len()) && text.starts_with("<132>1 "), "{heard}");
    for (name, trust) in [("elsewhere.example", &authority.pem), ("localhost", &other.pem)] {
        let (port, thread) = read_all(authority.server(name));
        let failed = told(format!("syslog+tls://localhost:{port}"), trust).unwrap_err();
        assert!(failed.why.contains("certificate"), "{name}: {}", failed.why);
        assert_eq!(thread.join().unwrap(), "", "{name}");
    }
}

#[test]
fn a_webhook_believes_the_authority_it_was_given_alone() {
    let (authority, other) = (Authority::new(), Authority::new());
    let server = |name: &str| {
        let config = authority.server(name);
        listen(move |stream| {
            let mut stream = encrypted(config, stream);
            let mut head = Vec::new();
            while let Some(line) = line(&mut stream).filter(|line| !line.is_empty()) {
                head.push(line);
            }
            let _ = stream.write_all(b"HTTP/1.1 204 No Content\r\nconnection: close\r\n\r\n");
            stream.conn.send_close_notify();
            let _ = stream.flush();
            head
        })
    };
    let (port, thread) = server("localhost");
    assert_eq!(told(format!("https://localhost:{port}/hook"), &authority.pem), Ok(()));
    let head = thread.join().unwrap();
    assert!(head.iter().any(|line| line.starts_with("webhook-signature: v1,")), "{head:?}");
    for (name, trust) in [("elsewhere.example", &authority.pem), ("localhost", &other.pem)] {
        let (port, thread) = server(name);
        let failed = told(format!("https://localhost:{port}/hook"), trust).unwrap_err();
        assert!(failed.why.contains("certificate"), "{name}: {}", failed.why);
        assert!(thread.join().unwrap().is_empty(), "{name}");
    }
}
