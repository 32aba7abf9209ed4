//! Discovery that raises no alert, and what ends the excuse.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod synthetic;

use synthetic::*;
use vedette_detect::{Class, Config, Detector};
use vedette_event::{Detection, DetectionKind, Event, Outcome, ScanType};

/// One service of each of thirty neighbours, nobody answers.
fn sweep(at: i64, source: &str, udp_ports: &[u16], tcp_ports: &[u16]) -> Vec<Event> {
    let mut events = Vec::new();
    for host in 0..30_u32 {
        let (target, at) = (v4(0x0a00_0100 + host * 3), at + i64::from(host) * 50_000);
        events.extend(
            udp_ports
                .iter()
                .map(|&port| udp(at, ip(source), 40_000 + port % 999, target, port, Outcome::Refused)),
        );
        events.extend(tcp_ports.iter().map(|&port| refused(at + 10, ip(source), target, port)));
    }
    in_order(events)
}

fn kinds(told: &[Detection]) -> Vec<DetectionKind> {
    let mut last: Vec<(String, DetectionKind)> = Vec::new();
    for found in told {
        last.retain(|(id, _)| *id != found.id);
        last.push((found.id.clone(), found.kind));
    }
    last.into_iter().map(|(_, kind)| kind).collect()
}

fn approved(rest: &str) -> Config {
    let text = format!(
        r#"{{"name":"our scanner","why":"quarterly audit","expires":"2027-01-01T00:00:00Z","sources":["10.0.0.9"]{rest}}}"#
    );
    Config { classes: vec![Class::parse_own(&text).unwrap()], ..Config::default() }
}

fn scan() -> Vec<Event> {
    (0..40).map(|n| refused(n * 10_000, ip("10.0.0.9"), ip("10.0.0.5"), n as u16)).collect()
}

/// The mark of masscan in a SYN.
fn as_masscan(event: &mut Event) {
    let std::net::IpAddr::V4(target) = event.target else { panic!("IPv4 only") };
    event.first.window = 1025;
    event.first.ip_id = (target.to_bits() ^ u32::from(event.target_port) ^ event.first.sequence) as u16;
}

#[test]
fn what_is_covered_says_by_what_and_why() {
    let told = run(approved(""), &scan());
    let found = told.last().unwrap();
    assert!(found.name.starts_with("Approved scan (our scanner) of 10.0.0.5 from"), "{}", found.name);
    assert!(found.summary.contains("raises no alert"), "{}", found.summary);
    assert_eq!(found.reasons[0], "Covered by the class \"our scanner\": quarterly audit");
}

#[test]
fn printers_looked_for_are_recorded_and_not_alerted() {
    let told = told(sweep(0, "10.0.0.9", &[161], &[9100]));
    assert_eq!(kinds(&told), [DetectionKind::BenignDiscovery], "{told:#?}");
    let found = told.last().unwrap();
    assert!(found.name.starts_with("Printer discovery of 30 hosts"), "{}", found.name);
    assert!(found.scan_types.contains(&ScanType::Udp) && found.probes == 60);
}

#[test]
fn one_port_beyond_makes_it_a_scan_under_the_same_identifier() {
    let mut events = sweep(0, "10.0.0.9", &[161], &[9100]);
    events.extend(sweep(4 * SECOND, "10.0.0.9", &[], &[445]));
    let told = told(events);
    assert_eq!(kinds(&told), [DetectionKind::Scan], "{told:#?}");
    assert!(told.last().unwrap().reasons[0].contains("goes beyond"), "{:?}", told.last().unwrap().reasons);
    assert_eq!(kinds(&synthetic::told(sweep(0, "10.0.0.9", &[], &[9100, 445]))), [DetectionKind::Scan]);
}

#[test]
fn from_outside_or_switched_off_it_is_a_scan() {
    assert_eq!(kinds(&told(sweep(0, "8.8.4.4", &[161], &[9100]))), [DetectionKind::Scan]);
    let off = Config { classes: Vec::new(), ..Config::default() };
    assert_eq!(kinds(&run(off, &sweep(0, "10.0.0.9", &[161], &[9100]))), [DetectionKind::Scan]);
}

#[test]
fn one_port_alone_is_a_sweep_and_so_is_what_a_tool_sent() {
    assert_eq!(kinds(&told(sweep(0, "10.0.0.9", &[161], &[]))), [DetectionKind::Scan]);
    assert_eq!(kinds(&told(sweep(0, "10.0.0.9", &[], &[9100]))), [DetectionKind::Scan]);
    let mut events = sweep(0, "10.0.0.9", &[161], &[9100]);
    for event in events.iter_mut().filter(|event| event.target_port == 9100) {
        event.first = raw_refused(0, ip("10.0.0.9"), ip("10.0.0.5"), 9100).first;
    }
    assert_eq!(kinds(&told(events)), [DetectionKind::Scan]);
}

#[test]
fn sweeps_without_any_service_are_of_no_class() {
    let pings = (0..60_u32).map(|n| ping(i64::from(n) * 10_000, ip("10.0.0.9"), v4(0x0a00_0100 + n), false));
    assert_eq!(kinds(&told(pings.collect())), [DetectionKind::Scan]);
}

#[test]
fn an_approved_scanner_is_recorded_whatever_it_does() {
    for rest in
        ["", r#","mac":"02:00:00:00:00:09","ttl":[60,64]"#, r#","calendar":[{"from":"22:00","to":"23:00"}]"#]
    {
        // The start of the synthetic events is 22:13:20.
        assert_eq!(kinds(&run(approved(rest), &scan())), [DetectionKind::BenignDiscovery], "{rest}");
    }
}

#[test]
fn its_address_used_by_another_is_a_scan_and_says_so() {
    let by_another = |change: fn(&mut Event)| {
        let mut events = scan();
        events.iter_mut().for_each(change);
        let told = run(approved(r#","mac":"02:00:00:00:00:09","ttl":[60,64]"#), &events);
        assert_eq!(kinds(&told), [DetectionKind::Scan]);
        told.last().unwrap().reasons[0].clone()
    };
    assert!(
        by_another(|event| event.source_mac = Some([2, 0, 0, 0, 0, 66])).contains("another network card")
    );
    assert!(by_another(|event| event.first.ttl = 48).contains("distance"));
    let mut by_masscan = scan();
    by_masscan.iter_mut().for_each(as_masscan);
    let nmap = run(approved(r#","tools":["nmap"]"#), &by_masscan);
    assert_eq!(kinds(&nmap), [DetectionKind::Scan]);
    assert!(nmap.last().unwrap().reasons[0].contains("another tool"), "{nmap:#?}");
    assert_eq!(
        kinds(&run(approved(r#","tools":["Masscan","nmap"]"#), &by_masscan)),
        [DetectionKind::BenignDiscovery]
    );
    // What bears no fingerprint is no other tool's.
    assert_eq!(kinds(&run(approved(r#","tools":["nmap"]"#), &scan())), [DetectionKind::BenignDiscovery]);
    let hours = approved(r#","calendar":[{"days":["mon"],"from":"01:00","to":"02:00"}]"#);
    let told = run(hours, &scan());
    assert_eq!(kinds(&told), [DetectionKind::Scan]);
    assert!(told.last().unwrap().reasons[0].contains("hours"));
}

#[test]
fn an_approval_ends_when_it_says_also_in_the_middle_of_a_scan() {
    let text = r#"{"name":"n","why":"w","expires":"2023-11-14T22:13:20.2Z","sources":["10.0.0.9"]}"#;
    let config = Config { classes: vec![Class::parse_own(text).unwrap()], ..Config::default() };
    let told = run(config, &scan());
    assert_eq!(told[0].kind, DetectionKind::BenignDiscovery);
    assert_eq!(kinds(&told), [DetectionKind::Scan], "it went on after the end");
}

#[test]
fn a_covered_campaign_stays_so_across_a_restart() {
    let config = approved("");
    let mut detector = Detector::new(config.clone());
    let mut out = Vec::new();
    let events = scan();
    events[..20].iter().for_each(|event| detector.observe(event, &mut out));
    let mut detector = Detector::restore(config, &detector.checkpoint().unwrap()).unwrap();
    events[20..].iter().for_each(|event| detector.observe(event, &mut out));
    detector.finish(&mut out);
    assert_eq!(kinds(&out), [DetectionKind::BenignDiscovery]);
}
