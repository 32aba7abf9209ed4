//! Logs that other hosts send: over real sockets, into datasets, quarantine and the detector.

use crate::harness::Host;
use serde_json::{Value, json};
use std::io::Write;
use std::net::{SocketAddr, TcpStream, UdpSocket};
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;
use vedette_server::{AskedFor, ReceivingConfig};

const LOOPBACK: &str = "127.0.0.1:0";

fn host() -> Host {
    Host::start_with(|config| {
        let any = || vec![LOOPBACK.parse().unwrap()];
        let asked = AskedFor { syslog: any(), syslog_tls: any(), netflow: any(), ..AskedFor::default() };
        config.receiving = ReceivingConfig::of(asked).unwrap();
    })
}

fn address(host: &Host, kind: &str) -> SocketAddr {
    host.server().receivers().into_iter().find(|(known, _)| *known == kind).unwrap().1
}

fn status(host: &Host) -> Value {
    host.get("/api/v1/status")["receiving"].clone()
}

/// A packet that a firewall dropped a moment ago.
pub fn dropped(host: &str, source: &str, target: &str, port: u16) -> String {
    let now = jiff::Zoned::now().with_time_zone(jiff::tz::TimeZone::UTC);
    format!(
        "<4>{} {host} kernel: DROP IN=eth0 OUT= SRC={source} DST={target} LEN=44 TTL=50 ID=1 PROTO=TCP SPT=40000 DPT={port} WINDOW=1024 RES=0x00 SYN URGP=0",
        now.strftime("%b %e %H:%M:%S")
    )
}

#[test]
fn a_scan_in_received_lines_is_an_alert_at_once() {
    let host = host();
    let mut stream = TcpStream::connect(address(&host, "syslog_tcp")).unwrap();
    for port in 1..40 {
        let line = dropped("fw-1", "203.0.113.9", "198.51.100.5", port);
        // By line and by length, one after the other.
        let framed = if port % 2 == 0 { format!("{} {line}", line.len()) } else { format!("{line}\n") };
        stream.write_all(framed.as_bytes()).unwrap();
    }
    let alert = host.wait(|| {
        let found = host.get("/api/v1/alerts");
        (found["total"] == 1).then(|| found["alerts"][0].clone())
    });
    assert_eq!(alert["source_ips"], json!(["203.0.113.9"]));
    host.wait(|| (host.rows("dataset = netfilter_raw").len() == 39).then_some(()));
    let status = status(&host);
    assert_eq!((&status["stored"], &status["quarantined"]), (&json!(39), &json!(0)), "{status}");
    assert_eq!(status["senders"][0]["formats"], json!(["netfilter"]));
    let evidence = host.get(&format!("/api/v1/alerts/{}/evidence", alert["id"]));
    assert_eq!(evidence["probes"].as_array().unwrap().len(), 39, "{evidence}");
}

#[test]
fn a_firewall_and_another_that_see_the_same_scan_are_one_alert() {
    let host = host();
    let socket = UdpSocket::bind(LOOPBACK).unwrap();
    socket.connect(address(&host, "syslog_udp")).unwrap();
    for port in 1..40 {
        for firewall in ["fw-1", "fw-2"] {
            let line = dropped(firewall, "203.0.113.9", "198.51.100.5", port);
            socket.send(line.as_bytes()).unwrap();
        }
    }
    host.wait(|| (host.rows("dataset = netfilter_raw").len() == 78).then_some(()));
    host.wait(|| (host.get("/api/v1/alerts")["total"] == 1).then_some(()));
    std::thread::sleep(Duration::from_millis(500));
    assert_eq!(host.get("/api/v1/alerts")["total"], 1);
}

#[test]
fn what_nobody_reads_is_in_quarantine_and_counted() {
    let host = host();
    let socket = UdpSocket::bind(LOOPBACK).unwrap();
    let to = address(&host, "syslog_udp");
    for line in
        [&b"<13>Nov 24 10:00:00 web sshd[1]: hello"[..], b"\xff\xfe\x00", b"SRC=1 DST=2 PROTO=x", b"\n"]
    {
        socket.send_to(line, to).unwrap();
    }
    host.wait(|| (status(&host)["quarantined"] == 3).then_some(()));
    let rows =
        host.cells("dataset = vedette_quarantine | fields source, origin, reason | sort asc reason", 3);
    assert_eq!(rows.len(), 3, "{rows:?}");
    assert!(rows.iter().any(|row| row[0] == "syslog" && row[1] == "127.0.0.1"), "{rows:?}");
    let text = host.send("GET", "/metrics", &crate::harness::As::Nobody, None).text;
    assert!(text.contains("vedette_receiving_quarantined_total 3"), "{text}");
}

#[test]
fn who_may_not_send_is_not_read_and_counted() {
    let host = Host::start_with(|config| {
        let syslog = vec![LOOPBACK.parse().unwrap()];
        let from = vec!["192.0.2.0/24".to_owned()];
        config.receiving = ReceivingConfig::of(AskedFor { syslog, from, ..AskedFor::default() }).unwrap();
    });
    let socket = UdpSocket::bind(LOOPBACK).unwrap();
    socket.send_to(b"<13>anything", address(&host, "syslog_udp")).unwrap();
    let _ = TcpStream::connect(address(&host, "syslog_tcp")).unwrap().write_all(b"<13>anything\n");
    host.wait(|| (status(&host)["refused"] == 2).then_some(()));
    assert_eq!(status(&host)["messages"], 0);
}

#[test]
fn the_systems_own_logger_is_understood() {
    let host = host();
    for (kind, flags) in
        [("syslog_udp", &["--udp", "--rfc3164"][..]), ("syslog_tcp", &["--tcp", "--octet-count"])]
    {
        let port = address(&host, kind).port().to_string();
        let line = dropped("x", "203.0.113.9", "198.51.100.5", 80);
        let message = line.split_once("kernel: ").unwrap().1;
        let mut command = Command::new("logger");
        command
            .args(["--server", "127.0.0.1", "--port", &port])
            .args(flags)
            .args(["--tag", "kernel", message]);
        match command.status() {
            Ok(status) if status.success() => {}
            _ => return println!("skipped: no logger on this machine"),
        }
    }
    host.wait(|| (status(&host)["stored"] == 2).then_some(()));
}

#[test]
fn syslog_over_tls_is_served_with_the_servers_certificate() {
    let host = host();
    let ca = host.dir.path().join("tls/ca.pem");
    let to = address(&host, "syslog_tls").to_string();
    let line = dropped("fw-1", "203.0.113.9", "198.51.100.5", 80);
    let mut client = Command::new("openssl");
    client.args(["s_client", "-quiet", "-connect", &to, "-verify_return_error", "-CAfile"]).arg(&ca);
    let spawned = client
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::null())
        .stderr(std::process::Stdio::null())
        .spawn();
    let Ok(mut child) = spawned else { return println!("skipped: no openssl on this machine") };
    child.stdin.as_mut().unwrap().write_all(format!("{line}\n").as_bytes()).unwrap();
    host.wait(|| (status(&host)["stored"] == 1).then_some(()));
    child.kill().unwrap();
    child.wait().unwrap();
}

#[test]
fn an_old_line_does_not_touch_the_live_clock() {
    let host = host();
    let socket = UdpSocket::bind(LOOPBACK).unwrap();
    let to = address(&host, "syslog_udp");
    for port in 1..40 {
        let line = dropped("fw-1", "203.0.113.9", "198.51.100.5", port);
        let (_, rest) = line.split_once("fw-1").unwrap();
        let yesterday = jiff::Timestamp::now() - jiff::SignedDuration::from_hours(20);
        socket.send_to(format!("<4>{yesterday} fw-1{rest}").as_bytes(), to).unwrap();
    }
    // The alert is there before its time-line is found to have ended.
    host.wait(|| {
        let found = host.get("/api/v1/alerts");
        (found["total"] == 1 && found["alerts"][0]["active"] == false).then_some(())
    });
    assert_eq!(host.get("/api/v1/status")["detector"]["campaigns"], 0);
}

#[test]
fn everything_received_before_a_stop_is_stored() {
    let dir = Arc::new(tempfile::tempdir().unwrap());
    let mut host = Host::start_in(dir.clone(), |config| {
        let syslog = vec![LOOPBACK.parse().unwrap()];
        config.receiving = ReceivingConfig::of(AskedFor { syslog, ..AskedFor::default() }).unwrap();
    });
    let mut stream = TcpStream::connect(address(&host, "syslog_tcp")).unwrap();
    for n in 0..2_000_u16 {
        let line = dropped("fw-1", "203.0.113.9", "198.51.100.5", 80 + n % 2);
        stream.write_all(format!("{line}\n").as_bytes()).unwrap();
    }
    host.wait(|| (status(&host)["messages"] == 2_000).then_some(()));
    host.stop();
    let host = Host::start_in(dir, |_| ());
    assert_eq!(host.rows("dataset = netfilter_raw | comp count() as n"), [json!([2000])]);
    assert!(host.server().receivers().is_empty(), "off unless asked for");
}

#[test]
fn flow_records_are_received() {
    let host = host();
    let socket = UdpSocket::bind(LOOPBACK).unwrap();
    // Version 5, one record: 203.0.113.9:40000 to 198.51.100.5:80.
    let now = jiff::Timestamp::now().as_second() as u32;
    let mut datagram = Vec::new();
    datagram.extend([0, 5, 0, 1]);
    datagram.extend(100_000_u32.to_be_bytes());
    datagram.extend(now.to_be_bytes());
    datagram.extend([0; 12]);
    datagram.extend([203, 0, 113, 9, 198, 51, 100, 5, 0, 0, 0, 0, 0, 1, 0, 2]);
    datagram.extend([0, 0, 0, 1, 0, 0, 0, 44]);
    datagram.extend(99_000_u32.to_be_bytes());
    datagram.extend(99_000_u32.to_be_bytes());
    datagram.extend(40_000_u16.to_be_bytes());
    datagram.extend(80_u16.to_be_bytes());
    datagram.extend([0, 2, 6, 0, 0, 0, 0, 0, 24, 24, 0, 0]);
    socket.send_to(&datagram, address(&host, "netflow")).unwrap();
    socket.send_to(b"nonsense", address(&host, "netflow")).unwrap();
    host.wait(|| (host.rows("dataset = netflow_raw").len() == 1).then_some(()));
    host.wait(|| (status(&host)["quarantined"] == 1).then_some(()));
}
