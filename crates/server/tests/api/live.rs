//! The live stream of alerts.

use crate::harness::Host;
use serde_json::{Value, json};
use std::io::{BufRead, BufReader, Write};
use std::net::TcpStream;
use std::time::Duration;

pub struct Stream(BufReader<TcpStream>);

impl Stream {
    /// Opens the stream with raw HTTP; `None` when the server has no place.
    pub fn open(host: &Host) -> Result<Stream, u16> {
        let mut stream = TcpStream::connect(host.server().address()).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
        let token = host.server().local().token;
        write!(stream, "GET /api/v1/events HTTP/1.0\r\nAuthorization: Bearer {token}\r\n\r\n").unwrap();
        let mut reader = BufReader::new(stream);
        let mut line = String::new();
        reader.read_line(&mut line).unwrap();
        let status: u16 = line.split(' ').nth(1).unwrap().parse().unwrap();
        while line.trim() != "" {
            line.clear();
            reader.read_line(&mut line).unwrap();
        }
        if status == 200 { Ok(Stream(reader)) } else { Err(status) }
    }

    /// The next event: its name and data; `None` at the end.
    pub fn next(&mut self) -> Option<(String, Value)> {
        let (mut name, mut data) = (String::new(), Value::Null);
        loop {
            let mut line = String::new();
            if self.0.read_line(&mut line).unwrap() == 0 {
                return None;
            }
            let line = line.trim_end();
            if let Some(text) = line.strip_prefix("event: ") {
                name = text.to_owned();
            } else if let Some(text) = line.strip_prefix("data: ") {
                data = serde_json::from_str(text).unwrap();
            } else if line.is_empty() && !name.is_empty() {
                return Some((name, data));
            }
        }
    }
}

#[test]
fn alerts_arrive_as_they_happen() {
    let mut host = Host::start();
    let mut stream = Stream::open(&host).unwrap();
    assert_eq!(stream.next().unwrap().0, "hello");
    let id = host.scan()["id"].clone();
    let (name, opened) = stream.next().unwrap();
    assert_eq!((name.as_str(), &opened["change"], &opened["alert"]["id"]), ("alert", &json!("opened"), &id));
    let edit = json!({"status": "in_progress"});
    host.send("PATCH", &format!("/api/v1/alerts/{id}"), &host.local(), Some(&edit)).expect(200);
    let edited = std::iter::from_fn(|| stream.next()).find(|(_, data)| data["change"] == "edited").unwrap().1;
    assert_eq!(edited["alert"]["status"], "in_progress");
    host.stop();
    while stream.next().is_some() {}
}

#[test]
fn streams_are_bounded() {
    let host = Host::start_with(|config| config.limits.live_streams = 2);
    let first = Stream::open(&host).unwrap();
    let _second = Stream::open(&host).unwrap();
    assert_eq!(Stream::open(&host).err(), Some(503));
    assert_eq!(host.get("/api/v1/status")["live"]["subscribers"], 2);
    drop(first);
    host.wait(|| Stream::open(&host).ok());
}
