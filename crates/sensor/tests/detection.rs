//! From a real scan to the detection, live: one campaign, within a second, whatever the firewall.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::net::IpAddr;
use std::sync::mpsc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use vedette_detect::{Config, Detector};
use vedette_event::{Change, Detection, DetectionKind, ScanType};
use vedette_lab::Lab;
use vedette_sensor::{Sensor, SensorConfig, observer};

fn now() -> i64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_micros() as i64
}

/// Scans host 1 with nmap, after `prepare`; returns what was detected on host 1 and how long after
/// the deciding packet the campaign was opened, in milliseconds.
fn detect(arguments: &[&str], prepare: impl Fn(&Lab)) -> Option<(Lab, Vec<Detection>, i64)> {
    let lab = Lab::or_skip(2, &["nmap", "nft"])?;
    prepare(&lab);
    let (sender, found) = mpsc::channel();
    let handle = lab.enter(1, || {
        let mut detector = Detector::new(Config::default());
        let sink = move |events: Vec<_>| {
            let mut out = Vec::new();
            for event in &events {
                detector.observe(event, &mut out);
            }
            for detection in out {
                drop(sender.send((now(), detection)));
            }
        };
        Sensor::open(SensorConfig::default()).unwrap().start(observer(), sink).unwrap()
    });
    let target = lab.host(1).v4.to_string();
    let output = lab.run(0, &[&["nmap", "-n"], arguments, &[&target]].concat());
    assert!(output.success(), "{output:?}");
    std::thread::sleep(Duration::from_millis(700));
    handle.stop();
    let found: Vec<(i64, Detection)> = found.into_iter().collect();
    let opened = found.iter().find(|(_, detection)| detection.change == Change::Opened);
    let delay = opened.map_or(i64::MAX, |(at, detection)| (at - detection.detected_at.0) / 1_000);
    Some((lab, found.into_iter().map(|(_, detection)| detection).collect(), delay))
}

fn check(arguments: &[&str], scan_type: ScanType, prepare: impl Fn(&Lab)) {
    let Some((lab, found, delay)) = detect(arguments, prepare) else { return };
    let opened: Vec<&Detection> =
        found.iter().filter(|detection| detection.change == Change::Opened).collect();
    assert_eq!(opened.len(), 1, "{found:#?}");
    assert_eq!(opened[0].kind, DetectionKind::Scan);
    assert_eq!(opened[0].source_ips, [IpAddr::from(lab.host(0).v4)]);
    assert!(found.iter().any(|detection| detection.scan_types.contains(&scan_type)), "{found:#?}");
    assert!(delay < 1_000, "opened {delay} ms after the deciding packet");
    eprintln!("{arguments:?}: opened {delay} ms after the deciding packet");
}

#[test]
fn a_scan_of_a_host_without_a_firewall() {
    check(&["-sS"], ScanType::TcpSyn, |_| ());
}

#[test]
fn a_connect_scan_of_a_host_that_rejects() {
    let reject = "table inet lab { chain input { type filter hook input priority 0; tcp dport 1-65535 reject with tcp reset; }; }";
    check(&["-sT", "-Pn", "-p1-300"], ScanType::TcpConnect, |lab| lab.nft(1, reject));
}

#[test]
fn a_scan_of_a_host_that_drops_everything() {
    check(&["-sS", "-Pn", "-p1-300", "--max-retries", "1"], ScanType::TcpSyn, |lab| lab.nft_drop_all(1));
}
