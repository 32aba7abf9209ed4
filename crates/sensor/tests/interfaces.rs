//! Loopback, tags, several interfaces, late ones, named ones: every packet once, under its name.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;

use common::{Watch, ports, summary};
use std::net::{IpAddr, Ipv4Addr, TcpStream};
use std::time::Duration;
use vedette_event::{Direction, Event, Outcome, Transport};
use vedette_lab::{Lab, ethernet, ipv4, tcp, vlan};
use vedette_sensor::SensorConfig;

const SCANNER: usize = 0;
const TARGET: usize = 1;

/// A SYN of the scanner to `port` of the target, as an Ethernet frame.
fn syn(lab: &Lab, port: u16) -> Vec<u8> {
    let (from, to) = (lab.host(SCANNER), lab.host(TARGET));
    let packet = ipv4(6, from.v4, to.v4, &tcp(40_000, port, 2, 7, &[]));
    ethernet(to.mac, from.mac, 0x0800, &packet)
}

fn tcp_attempts(events: &[Event]) -> Vec<&Event> {
    events.iter().filter(|event| event.transport == Transport::Tcp).collect()
}

#[test]
fn loopback_is_seen_once() {
    let Some(lab) = Lab::or_skip(1, &[]) else { return };
    let watch = Watch::on(&lab, 0, SensorConfig::default());
    let local: [IpAddr; 3] =
        ["127.0.0.1".parse().unwrap(), "::1".parse().unwrap(), IpAddr::from(lab.host(0).v4)];
    lab.enter(0, || {
        for (address, port) in local.iter().flat_map(|address| (1..=20).map(move |port| (*address, port))) {
            let _ = TcpStream::connect((address, port));
        }
    });
    watch.until(|events| tcp_attempts(events).len() >= 60);
    let (events, health) = watch.stop();
    for address in local {
        let ports = ports(&events, address, Transport::Tcp);
        assert!(ports.len() == 20 && ports.values().all(|count| *count == 1), "{ports:?}");
    }
    for event in tcp_attempts(&events) {
        assert_eq!((event.direction, event.outcome), (Direction::Local, Outcome::Refused), "{event:?}");
        assert_eq!((event.retries, event.source_mac, &*event.interface), (0, None, "lo"));
        assert_eq!((event.sent.packets, event.received.packets), (1, 1), "{event:?}");
    }
    // A SYN and a RST each: nothing was read twice and then thrown away.
    assert_eq!(health.packets_duplicate, 0);
}

#[test]
fn loopback_can_be_left_out() {
    let Some(lab) = Lab::or_skip(2, &[]) else { return };
    let watch = Watch::on(&lab, TARGET, SensorConfig { loopback: false, ..SensorConfig::default() });
    lab.enter(TARGET, || TcpStream::connect(("127.0.0.1", 9)).unwrap_err());
    lab.sender(SCANNER, "eth0").send(&[syn(&lab, 80)]);
    watch.until(|events| !tcp_attempts(events).is_empty());
    let (events, _) = watch.stop();
    assert_eq!(ports(&events, lab.host(SCANNER).v4.into(), Transport::Tcp)[&80], 1);
    assert_eq!(tcp_attempts(&events).len(), 1, "{}", summary(&events));
}

#[test]
fn tags_are_seen_though_the_kernel_takes_them_off() {
    let Some(lab) = Lab::or_skip(2, &[]) else { return };
    let watch = Watch::on(&lab, TARGET, SensorConfig::default());
    let sender = lab.sender(SCANNER, "eth0");
    // One tag, no tag, two tags.
    let double = vlan(&vlan(&syn(&lab, 83), 6), 7);
    sender.send(&[vlan(&syn(&lab, 81), 5), syn(&lab, 82), double]);
    watch.until(|events| tcp_attempts(events).len() >= 3);
    let (events, health) = watch.stop();
    let of = |port| events.iter().find(|event| event.target_port == port).unwrap().vlan;
    assert_eq!((of(81), of(82), of(83)), (Some(5), None, Some(7)), "{}", summary(&events));
    assert_eq!(health.decode_errors, 0);
}

#[test]
fn a_vlan_interface_and_the_one_below_it_report_a_packet_once() {
    let Some(lab) = Lab::or_skip(2, &[]) else { return };
    let add = ["ip", "link", "add", "link", "eth0", "name", "eth0.5", "type", "vlan", "id", "5"];
    if !lab.run(TARGET, &add).success() {
        return eprintln!("skipped: this kernel has no VLAN interfaces");
    }
    lab.run(TARGET, &["ip", "addr", "add", "198.18.5.2/24", "dev", "eth0.5"]);
    lab.run(TARGET, &["ip", "link", "set", "eth0.5", "up"]);
    let watch = Watch::on(&lab, TARGET, SensorConfig::default());
    let (from, to) = (lab.host(SCANNER), lab.host(TARGET));
    let packet = ipv4(6, Ipv4Addr::new(198, 18, 5, 1), Ipv4Addr::new(198, 18, 5, 2), &tcp(4, 81, 2, 7, &[]));
    lab.sender(SCANNER, "eth0").send(&[vlan(&ethernet(to.mac, from.mac, 0x0800, &packet), 5)]);
    watch.until(|events| !tcp_attempts(events).is_empty());
    let (events, health) = watch.stop();
    let seen = tcp_attempts(&events);
    assert_eq!((seen.len(), seen[0].vlan, &*seen[0].interface), (1, Some(5), "eth0.5"));
    assert!(health.packets_duplicate > 0);
}

#[test]
fn a_bridge_reports_what_its_ports_bring_once() {
    let Some(lab) = Lab::or_skip(2, &["nmap"]) else { return };
    // The target's address moves to a bridge of its own on top of eth0, as on a host of virtual machines.
    let script = "ip link add br1 type bridge && ip addr flush dev eth0 && ip link set eth0 master br1 \
                  && ip link set br1 address 02:00:00:00:00:02 up && ip addr add 198.18.0.2/24 dev br1";
    assert!(lab.run(TARGET, &["sh", "-c", script]).success());
    let watch = Watch::on(&lab, TARGET, SensorConfig::default());
    let target = lab.host(TARGET).v4.to_string();
    assert!(lab.run(SCANNER, &["nmap", "-n", "-Pn", "-sS", "-p1-50", &target]).success());
    let scanner: IpAddr = lab.host(SCANNER).v4.into();
    watch.until(|events| ports(events, scanner, Transport::Tcp).len() >= 50);
    let (events, health) = watch.stop();
    for event in tcp_attempts(&events) {
        assert_eq!((&*event.interface, event.retries, event.sent.packets), ("br1", 0, 1), "{event:?}");
    }
    assert_eq!(tcp_attempts(&events).len(), 50);
    assert_eq!(health.interfaces, ["br1", "lo"]);
}

#[test]
fn a_router_reports_what_it_forwards_once() {
    let Some(lab) = Lab::or_skip(3, &["nmap"]) else { return };
    lab.add_interface(1, "eth1", 1);
    lab.add_interface(2, "eth1", 1);
    let forward = "for file in /proc/sys/net/ipv4/ip_forward; do echo 1 > $file; done";
    assert!(lab.run(1, &["sh", "-c", forward]).success());
    assert!(lab.run(0, &["ip", "route", "add", "198.18.1.0/24", "via", "198.18.0.2"]).success());
    assert!(lab.run(2, &["ip", "route", "replace", "198.18.0.1", "via", "198.18.1.2"]).success());
    let watch = Watch::on(&lab, 1, SensorConfig::default());
    assert!(lab.run(0, &["nmap", "-n", "-Pn", "-sS", "-p1-50", "198.18.1.3"]).success());
    let scanner: IpAddr = lab.host(0).v4.into();
    watch.until(|events| ports(events, scanner, Transport::Tcp).len() >= 50);
    let (events, _) = watch.stop();
    assert_eq!(tcp_attempts(&events).len(), 50, "{}", summary(&events));
    for event in tcp_attempts(&events) {
        assert_eq!((event.direction, event.retries), (Direction::Observed, 0), "{event:?}");
        assert_eq!((event.sent.packets, event.received.packets), (1, 1), "{event:?}");
    }
}

#[test]
fn several_interfaces_are_seen_and_one_that_appears_later() {
    let Some(lab) = Lab::or_skip(2, &["nmap"]) else { return };
    lab.add_interface(SCANNER, "eth1", 1);
    lab.add_interface(TARGET, "eth1", 1);
    let watch = Watch::on(&lab, TARGET, SensorConfig::default());
    let scan = |address: &str| lab.run(SCANNER, &["nmap", "-n", "-Pn", "-sS", "-p1-30", address]);
    assert!(scan("198.18.0.2").success() && scan("198.18.1.2").success());
    watch.until(|events| tcp_attempts(events).len() >= 60);
    lab.add_interface(SCANNER, "eth2", 2);
    lab.add_interface(TARGET, "eth2", 2);
    assert!(scan("198.18.2.2").success());
    watch.until(|events| tcp_attempts(events).len() >= 90);
    watch.until_health(|health| health.interfaces == ["eth0", "eth1", "eth2", "lo"]);
    lab.remove_interface(TARGET, "eth1");
    watch.until_health(|health| health.interfaces == ["eth0", "eth2", "lo"]);
    let (events, health) = watch.stop();
    assert!(health.error.is_none());
    assert_eq!(tcp_attempts(&events).len(), 90, "{}", summary(&events));
    for (subnet, name) in ["eth0", "eth1", "eth2"].iter().enumerate() {
        let target: IpAddr = Ipv4Addr::new(198, 18, subnet as u8, 2).into();
        let there: Vec<&Event> =
            tcp_attempts(&events).into_iter().filter(|event| event.target == target).collect();
        assert_eq!(there.len(), 30);
        for event in there {
            assert_eq!((&*event.interface, event.direction), (*name, Direction::Inbound), "{event:?}");
        }
    }
}

#[test]
fn a_named_interface_may_appear_later_and_others_stay_unseen() {
    let Some(lab) = Lab::or_skip(2, &[]) else { return };
    let named = SensorConfig { interfaces: vec!["eth1".to_owned()], ..SensorConfig::default() };
    let watch = Watch::on(&lab, TARGET, named);
    let health = watch.until_health(|health| !health.degraded.is_empty());
    assert!(health.degraded.iter().any(|part| part.reason == "eth1 is not there"), "{:?}", health.degraded);
    lab.add_interface(SCANNER, "eth1", 1);
    lab.add_interface(TARGET, "eth1", 1);
    watch.until_health(|health| health.interfaces == ["eth1"]);
    lab.sender(SCANNER, "eth0").send(&[syn(&lab, 80)]);
    let (from, to) = ([2, 0, 0, 1, 0, 1], [2, 0, 0, 1, 0, 2]);
    let packet = ipv4(6, Ipv4Addr::new(198, 18, 1, 1), Ipv4Addr::new(198, 18, 1, 2), &tcp(4, 81, 2, 7, &[]));
    lab.sender(SCANNER, "eth1").send(&[ethernet(to, from, 0x0800, &packet)]);
    let events = watch.until(|events| !tcp_attempts(events).is_empty());
    std::thread::sleep(Duration::from_millis(100));
    assert!(tcp_attempts(&events).iter().all(|event| &*event.interface == "eth1"), "{}", summary(&events));
    assert_eq!(tcp_attempts(&watch.stop().0).len(), 1);
}
