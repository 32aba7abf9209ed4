//! Real tools scan a host; the sensor on it reports each probe once, whatever the firewall does.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;

use common::{Watch, ports, summary};
use std::net::IpAddr;
use vedette_event::{Direction, Event, Outcome, Transport, flag};
use vedette_lab::Lab;
use vedette_sensor::SensorConfig;

const SCANNER: usize = 0;
const TARGET: usize = 1;

struct Scene {
    lab: Lab,
    watch: Watch,
}

fn scene(programs: &[&str]) -> Option<Scene> {
    let lab = Lab::or_skip(2, programs)?;
    let watch = Watch::on(&lab, TARGET, SensorConfig::default());
    Some(Scene { lab, watch })
}

impl Scene {
    /// Runs nmap on the scanner against the target.
    fn nmap(&self, arguments: &str) {
        let target = self.lab.host(TARGET);
        let mut command: Vec<&str> = ["nmap", "-n", "-Pn"].into_iter().chain(arguments.split(' ')).collect();
        let v6 = command.contains(&"-6");
        let address = if v6 { target.v6.to_string() } else { target.v4.to_string() };
        command.push(&address);
        let output = self.lab.run(SCANNER, &command);
        assert!(output.success() && output.stdout.contains("1 host up"), "{output:?}");
    }

    fn scanner(&self) -> IpAddr {
        self.lab.host(SCANNER).v4.into()
    }

    fn scanner6(&self) -> IpAddr {
        self.lab.host(SCANNER).v6.into()
    }

    /// Every port from 1 to `last` was reported once.
    fn each_once(self, source: IpAddr, transport: Transport, last: u16) -> Vec<Event> {
        self.watch.until(|events| ports(events, source, transport).len() >= usize::from(last));
        let (events, health) = self.watch.stop();
        let ports = ports(&events, source, transport);
        let all = (1..=last).all(|port| ports.get(&port) == Some(&1));
        assert!(all && ports.len() == usize::from(last), "{ports:?}\n{}", summary(&events));
        assert_eq!((health.packets_dropped_kernel, health.decode_errors), (0, 0));
        let probes: Vec<Event> = events
            .into_iter()
            .filter(|event| event.source == source && event.transport == transport)
            .collect();
        for event in &probes {
            assert_eq!(event.direction, Direction::Inbound);
            assert_eq!(&*event.interface, "eth0");
            assert!(!event.first.bad_checksum, "{event:?}");
        }
        probes
    }
}

#[test]
fn a_syn_scan_is_seen_port_by_port() {
    let Some(scene) = scene(&["nmap"]) else { return };
    let scanner = scene.scanner();
    scene.nmap("-sS -p1-100");
    for event in scene.each_once(scanner, Transport::Tcp, 100) {
        assert_eq!((event.outcome, event.retries), (Outcome::Refused, 0), "{event:?}");
        assert_eq!(event.first.tcp_flags, flag::SYN);
        assert_eq!(event.source_mac, Some([2, 0, 0, 0, 0, 1]));
    }
}

#[test]
fn a_connect_scan_is_seen_with_its_open_port() {
    let Some(scene) = scene(&["nmap"]) else { return };
    let scanner = scene.scanner();
    let _open = scene.lab.enter(TARGET, || std::net::TcpListener::bind("0.0.0.0:22").unwrap());
    scene.nmap("-sT -p1-60");
    for event in scene.each_once(scanner, Transport::Tcp, 60) {
        let open = event.target_port == 22;
        assert_eq!(event.outcome == Outcome::Accepted, open, "{event:?}");
        assert_eq!(event.handshake_completed, open, "{event:?}");
    }
}

#[test]
fn flags_that_open_nothing_are_seen() {
    let Some(scene) = scene(&["nmap"]) else { return };
    let scanner = scene.scanner();
    for (kind, range) in
        [("-sF", "1-20"), ("-sN", "21-40"), ("-sX", "41-60"), ("-sA", "61-80"), ("-sM", "81-100")]
    {
        scene.nmap(&format!("{kind} -p{range}"));
    }
    let events = scene.each_once(scanner, Transport::Tcp, 100);
    let flags = |port| events.iter().find(|event| event.target_port == port).unwrap().first.tcp_flags;
    let seen = [flags(1), flags(21), flags(41), flags(61), flags(81)];
    let xmas = flag::FIN | flag::PSH | flag::URG;
    assert_eq!(seen, [flag::FIN, 0, xmas, flag::ACK, flag::FIN | flag::ACK]);
}

#[test]
fn a_udp_scan_is_seen() {
    let Some(scene) = scene(&["nmap"]) else { return };
    let scanner = scene.scanner();
    scene.nmap("-sU -p1-6 --max-retries 2");
    scene.each_once(scanner, Transport::Udp, 6);
}

#[test]
fn scans_over_ipv6_are_seen() {
    let Some(scene) = scene(&["nmap"]) else { return };
    let scanner = scene.scanner6();
    scene.nmap("-6 -sS -p1-80");
    scene.each_once(scanner, Transport::Tcp, 80);
}

#[test]
fn a_fragmented_scan_is_seen() {
    let Some(scene) = scene(&["nmap"]) else { return };
    let scanner = scene.scanner();
    scene.nmap("-sS -f -p1-40");
    for event in scene.each_once(scanner, Transport::Tcp, 40) {
        assert!(event.first.fragmented && event.first.tcp_flags == flag::SYN, "{event:?}");
    }
}

#[test]
fn probes_that_the_firewall_drops_are_seen() {
    for ingress in [false, true] {
        let Some(scene) = scene(&["nmap", "nft"]) else { return };
        let scanner = scene.scanner();
        if ingress {
            // The scanner must get an answer to its ARP request first.
            scene.lab.run(
                SCANNER,
                &["ip", "neigh", "add", "198.18.0.2", "lladdr", "02:00:00:00:00:02", "dev", "eth0"],
            );
            scene.lab.nft_drop_at_ingress(TARGET);
        } else {
            scene.lab.nft_drop_all(TARGET);
        }
        scene.nmap("-sS -p1-60 --max-retries 0 --send-ip");
        for event in scene.each_once(scanner, Transport::Tcp, 60) {
            assert_eq!(event.outcome, Outcome::Unanswered, "{event:?}");
        }
    }
}

#[test]
fn pings_and_arp_requests_are_seen() {
    let Some(scene) = scene(&["fping"]) else { return };
    let (scanner, scanner6, target) = (scene.scanner(), scene.scanner6(), scene.lab.host(TARGET).clone());
    scene.lab.run(SCANNER, &["fping", "-c1", &target.v4.to_string()]);
    scene.lab.run(SCANNER, &["fping", "-6", "-c1", &target.v6.to_string()]);
    let attempt = |events: &[Event], source: IpAddr, transport: Transport| {
        events.iter().filter(|event| event.source == source && event.transport == transport).count()
    };
    scene.watch.until(|events| {
        attempt(events, scanner, Transport::Icmp) > 0
            && attempt(events, scanner6, Transport::Icmp) > 0
            && attempt(events, scanner, Transport::Arp) > 0
            && attempt(events, scanner6, Transport::Arp) > 0
    });
    let (events, _) = scene.watch.stop();
    assert_eq!(attempt(&events, scanner, Transport::Icmp), 1, "{}", summary(&events));
    assert_eq!(attempt(&events, scanner6, Transport::Icmp), 1, "{}", summary(&events));
    let accepted = events.iter().filter(|event| event.transport == Transport::Icmp);
    assert!(accepted.clone().all(|event| event.outcome == Outcome::Accepted), "{}", summary(&events));
}

#[test]
fn an_arp_sweep_is_seen_by_a_host_that_is_asked_for_nothing_of_its_own() {
    let Some(scene) = scene(&["arp-scan"]) else { return };
    let scanner = scene.scanner();
    scene.lab.run(SCANNER, &["arp-scan", "-I", "eth0", "--retry=1", "198.18.0.100-198.18.0.119"]);
    let asked = |events: &[Event]| {
        events.iter().filter(|event| event.transport == Transport::Arp && event.source == scanner).count()
    };
    scene.watch.until(|events| asked(events) >= 20);
    let (events, _) = scene.watch.stop();
    assert_eq!(asked(&events), 20, "{}", summary(&events));
}

#[test]
fn a_scan_that_this_host_makes_is_outbound() {
    let Some(lab) = Lab::or_skip(2, &["nmap"]) else { return };
    let watch = Watch::on(&lab, SCANNER, SensorConfig::default());
    let (scanner, target) = (lab.host(SCANNER).v4, lab.host(TARGET).v4.to_string());
    assert!(lab.run(SCANNER, &["nmap", "-n", "-Pn", "-sT", "-p1-50", &target]).success());
    watch.until(|events| ports(events, scanner.into(), Transport::Tcp).len() >= 50);
    let (events, _) = watch.stop();
    let probes: Vec<&Event> = events.iter().filter(|event| event.transport == Transport::Tcp).collect();
    assert_eq!(probes.len(), 50, "{}", summary(&events));
    for event in probes {
        // The kernel leaves checksums to the network card: none of them is bad.
        assert!(event.direction == Direction::Outbound && !event.first.bad_checksum, "{event:?}");
    }
}
