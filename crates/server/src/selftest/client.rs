//! A client just big enough to reach this very server as any client would, through its listener
//! and its TLS. HTTP/1.0, so that answers come unchunked.

use crate::app::App;
use crate::tls;
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, RootCertStore};
use std::io;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncWrite, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

/// Connecting and the head of the answer take no longer.
const LONGEST: Duration = Duration::from_secs(3);
/// Lines of a head, and bytes of a line.
const HEAD_LINES: usize = 100;
const LINE: usize = 1 << 20;

trait Connection: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Connection for T {}

/// An answer whose head was read.
pub struct Answer {
    pub status: u16,
    body: BufReader<Box<dyn Connection>>,
}

impl Answer {
    /// The next line without its end; `None` at the end of the answer.
    pub async fn line(&mut self) -> io::Result<Option<String>> {
        read_line(&mut self.body).await
    }
}

async fn read_line(from: &mut BufReader<Box<dyn Connection>>) -> io::Result<Option<String>> {
    let mut line = Vec::new();
    loop {
        let piece = from.fill_buf().await?;
        if piece.is_empty() {
            let text = String::from_utf8_lossy(&line).into_owned();
            return Ok((!text.is_empty()).then_some(text));
        }
        let end = piece.iter().position(|byte| *byte == b'\n');
        let used = end.map_or(piece.len(), |end| end + 1);
        line.extend_from_slice(&piece[..used]);
        from.consume(used);
        if end.is_some() {
            return Ok(Some(String::from_utf8_lossy(&line).trim_end().to_owned()));
        }
        if line.len() > LINE {
            return Err(io::Error::other("a line of the answer is too long"));
        }
    }
}

/// Asks this server for `path` as the local administrator.
pub async fn get(app: &App, path: &str) -> io::Result<Answer> {
    tokio::time::timeout(LONGEST, get_whenever(app, path))
        .await
        .unwrap_or_else(|_| Err(io::Error::new(io::ErrorKind::TimedOut, "no answer within 3 seconds")))
}

async fn get_whenever(app: &App, path: &str) -> io::Result<Answer> {
    let address = app.local_address();
    let stream = TcpStream::connect(address).await?;
    let mut connection: Box<dyn Connection> = match &app.certificate {
        None => Box::new(stream),
        Some(certificate) => {
            let mut roots = RootCertStore::empty();
            roots.add(certificate.authority().certificate().clone()).map_err(io::Error::other)?;
            let config = ClientConfig::builder_with_provider(tls::provider())
                .with_safe_default_protocol_versions()
                .map_err(io::Error::other)?
                .with_root_certificates(roots)
                .with_no_client_auth();
            let name = ServerName::from(address.ip());
            Box::new(TlsConnector::from(Arc::new(config)).connect(name, stream).await?)
        }
    };
    let request = format!(
        "GET {path} HTTP/1.0\r\nHost: {address}\r\nAuthorization: Bearer {}\r\nAccept: */*\r\n\r\n",
        app.local.reveal()
    );
    connection.write_all(request.as_bytes()).await?;
    let mut body = BufReader::new(connection);
    let first = read_line(&mut body).await?.unwrap_or_default();
    let status = first.split(' ').nth(1).and_then(|code| code.parse().ok());
    let status = status.ok_or_else(|| io::Error::other("the answer is not HTTP"))?;
    for _ in 0..HEAD_LINES {
        match read_line(&mut body).await? {
            Some(line) if !line.is_empty() => {}
            _ => return Ok(Answer { status, body }),
        }
    }
    Err(io::Error::other("the head of the answer has no end"))
}

/// Opens the live stream of alerts. An error is a sentence for a person.
pub async fn listen(app: &App) -> Result<Answer, String> {
    match get(app, "/api/v1/events").await {
        Ok(answer) if answer.status == 200 => Ok(answer),
        Ok(mut answer) => {
            let text = answer.line().await.ok().flatten().unwrap_or_default();
            let error: serde_json::Value = serde_json::from_str(&text).unwrap_or_default();
            let message = error.pointer("/error/message").and_then(|value| value.as_str());
            Err(message.map_or(format!("the server answered {}", answer.status), str::to_owned))
        }
        Err(error) => Err(error.to_string()),
    }
}
