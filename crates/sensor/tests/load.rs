//! Too much of everything: what is lost is counted, and nobody waits for anybody.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;

use common::{Watch, ports};
use std::net::{IpAddr, Ipv4Addr};
use std::sync::mpsc;
use std::time::{Duration, Instant};
use vedette_event::{Event, Transport};
use vedette_lab::{Lab, ethernet, ipv4, tcp, udp};
use vedette_sensor::{Sensor, SensorConfig, observer};

/// A TCP segment from host 0 to host 1.
fn segment(lab: &Lab, from_port: u16, port: u16, flags: u8, payload: &[u8]) -> Vec<u8> {
    let (from, to) = (lab.host(0), lab.host(1));
    let packet = ipv4(6, from.v4, to.v4, &tcp(from_port, port, flags, 7, payload));
    ethernet(to.mac, from.mac, 0x0800, &packet)
}

#[test]
fn packets_that_the_ring_has_no_room_for_are_counted() {
    let Some(lab) = Lab::or_skip(2, &[]) else { return };
    let config = SensorConfig { ring_bytes: 2 << 20, ..SensorConfig::default() };
    // Open, and not read yet: the ring overflows.
    let sensor = lab.enter(1, || Sensor::open(config).unwrap());
    let data: Vec<Vec<u8>> = (0..20_000).map(|_| segment(&lab, 40_000, 80, 0x18, &[0; 200])).collect();
    lab.sender(0, "eth0").send(&data);
    let (sender, events) = mpsc::channel();
    let handle = lab.enter(1, || sensor.start(observer(), move |batch| drop(sender.send(batch))).unwrap());
    let wait = |wanted: &dyn Fn() -> bool| {
        let end = Instant::now() + Duration::from_secs(5);
        while !wanted() {
            assert!(Instant::now() < end, "not within five seconds: {:?}", handle.health());
            std::thread::sleep(Duration::from_millis(10));
        }
    };
    let thinned = || handle.health().degraded.iter().any(|part| part.what == "established TCP");
    wait(&|| handle.health().packets_dropped_kernel > 0);
    wait(&thinned);
    let health = handle.health();
    let seen = health.packets_seen + health.packets_dropped_kernel;
    assert!((20_000..20_100).contains(&seen), "{seen} of 20,000: {health:?}");
    // While established TCP is thinned, what opens a connection is not.
    let before = handle.health().packets_seen;
    lab.sender(0, "eth0").send(&data[..3_200]);
    let probes: Vec<Vec<u8>> = (1..=300).map(|port| segment(&lab, 50_000, port, 2, &[])).collect();
    lab.sender(0, "eth0").send(&probes);
    let mut all: Vec<Event> = Vec::new();
    let scanner: IpAddr = lab.host(0).v4.into();
    let end = Instant::now() + Duration::from_secs(5);
    while ports(&all, scanner, Transport::Tcp).len() < 300 && Instant::now() < end {
        all.extend(events.recv_timeout(Duration::from_millis(100)).unwrap_or_default());
    }
    assert!(ports(&all, scanner, Transport::Tcp).len() >= 300);
    let passed = handle.health().packets_seen - before;
    // 300 SYN, and about 200 of 3,200. None is answered: their checksums are wrong.
    assert!((400..700).contains(&passed), "{passed}");
    handle.stop();
}

#[test]
fn a_sink_that_is_behind_costs_events_and_not_packets() {
    let Some(lab) = Lab::or_skip(2, &[]) else { return };
    let config = SensorConfig { queue_events: 1_000, ..SensorConfig::default() };
    let (release, hold) = mpsc::channel::<()>();
    let handle = lab.enter(1, || {
        let sensor = Sensor::open(config).unwrap();
        sensor.start(observer(), move |_| hold.recv().unwrap_or_default()).unwrap()
    });
    let sender = lab.sender(0, "eth0");
    for port in 0..5_000_u16 {
        sender.send(&[segment(&lab, 40_000, port, 2, &[])]);
    }
    let end = Instant::now() + Duration::from_secs(5);
    while handle.health().events_dropped < 4_000 {
        assert!(Instant::now() < end, "{:?}", handle.health());
        std::thread::sleep(Duration::from_millis(10));
    }
    let health = handle.health();
    assert!(health.events_queued <= 1_000 && health.packets_dropped_kernel == 0, "{health:?}");
    assert!(health.packets_seen >= 5_000, "{health:?}");
    drop(release);
    let health = handle.stop();
    assert_eq!((health.events_queued, health.running), (0, false));
    assert_eq!(health.folder.attempts + health.folder.flow_ends, health.events + health.events_dropped);
}

#[test]
fn an_event_is_there_within_a_tenth_of_a_second_of_its_outcome() {
    let Some(lab) = Lab::or_skip(2, &["nft"]) else { return };
    lab.nft_drop_all(1);
    // Not a packet but ours: time alone decides.
    for host in [0, 1] {
        lab.enter(host, || std::fs::write("/proc/sys/net/ipv6/conf/eth0/disable_ipv6", "1").unwrap());
    }
    let watch = Watch::on(&lab, 1, SensorConfig::default());
    let sender = lab.sender(0, "eth0");
    let (from, to) = (lab.host(0), lab.host(1));
    for port in 1..=3_u16 {
        let start = Instant::now();
        let waiting = |events: &[Event]| events.iter().any(|event| event.target_port == port);
        let datagram = ipv4(17, from.v4, to.v4, &udp(40_000, port, b"x"));
        sender.send(&[ethernet(to.mac, from.mac, 0x0800, &datagram)]);
        watch.until(waiting);
        let took = start.elapsed();
        // 500 ms without an answer, then the capture block, then the wake-up; much slack for a
        // machine that is busy with other tests.
        assert!(took >= Duration::from_millis(500) && took < Duration::from_millis(1_000), "{took:?}");
    }
}

/// Processor time of a thread of this process in nanoseconds: user, system.
fn cpu(thread: &str) -> (f64, f64) {
    for task in std::fs::read_dir("/proc/self/task").unwrap() {
        let stat = std::fs::read_to_string(task.unwrap().path().join("stat")).unwrap_or_default();
        let parts = stat.split_once('(').and_then(|(_, rest)| rest.rsplit_once(") "));
        if let Some((_, rest)) = parts.filter(|(name, _)| *name == thread) {
            let ticks: Vec<f64> =
                rest.split(' ').skip(11).take(2).map(|field| field.parse().unwrap()).collect();
            return (ticks[0] * 1e7, ticks[1] * 1e7);
        }
    }
    panic!("no thread {thread}");
}

/// Processor time of the calling thread, in nanoseconds. What it sends is received, and handed to
/// capture sockets, in its own time.
fn own_cpu() -> f64 {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap();
    text.split(' ').next().unwrap().parse().unwrap()
}

/// Writes packet number N.
type Make = fn(&Lab, u64, &mut Vec<u8>);

fn random(number: u64) -> u32 {
    (number.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 20) as u32
}

fn stranger(number: u64) -> Ipv4Addr {
    Ipv4Addr::from(0x0a00_0000 | random(number) & 0x00ff_ffff)
}

fn write(lab: &Lab, frame: &mut Vec<u8>, protocol: u8, source: Ipv4Addr, segment: &[u8]) {
    let (from, to) = (lab.host(0), lab.host(1));
    frame.extend(ethernet(to.mac, from.mac, 0x0800, &ipv4(protocol, source, to.v4, segment)));
}

fn syn_flood(lab: &Lab, number: u64, frame: &mut Vec<u8>) {
    write(lab, frame, 6, stranger(number), &tcp(random(number) as u16, 80, 2, 7, &[]));
}

fn syn_scan(lab: &Lab, number: u64, frame: &mut Vec<u8>) {
    let segment = tcp(40_000 + (number >> 16) as u16, number as u16, 2, 7, &[]);
    write(lab, frame, 6, lab.host(0).v4, &segment);
}

fn established(lab: &Lab, number: u64, frame: &mut Vec<u8>) {
    let segment = tcp(40_000 + (number % 100) as u16, 443, 0x10, number as u32, &[0; 1400]);
    write(lab, frame, 6, lab.host(0).v4, &segment);
}

fn udp_flood(lab: &Lab, number: u64, frame: &mut Vec<u8>) {
    write(lab, frame, 17, stranger(number), &udp(random(number) as u16, random(!number) as u16, &[0; 32]));
}

/// Prints what 100,000 packets a second (or `RATE`) cost the sensor. To be built with `--release`:
/// `cargo test --release -p vedette-sensor --test load -- --ignored --nocapture`
#[test]
#[ignore = "a measurement of half a minute"]
fn measure() {
    let Some(lab) = Lab::or_skip(2, &["nft"]) else { return };
    lab.nft_drop_at_ingress(1);
    let rate = std::env::var("RATE").ok().and_then(|rate| rate.parse().ok()).unwrap_or(100_000);
    let kinds: [(&str, Make); 4] = [
        ("SYN flood, one port, random sources", syn_flood),
        ("SYN scan, one source, every port", syn_scan),
        ("established TCP, 1,400 bytes each", established),
        ("UDP flood, random sources and ports", udp_flood),
    ];
    for (name, make) in kinds {
        let without = send(&lab, rate, make);
        let watch = Watch::on(&lab, 1, SensorConfig::default());
        std::thread::sleep(Duration::from_millis(300));
        let before = cpu("vedette-capture");
        let with = send(&lab, rate, make);
        std::thread::sleep(Duration::from_millis(600));
        let after = cpu("vedette-capture");
        let (_, health) = watch.stop();
        let (user, system) = (after.0 - before.0, after.1 - before.1);
        let each = |nanoseconds: f64| nanoseconds / with.packets;
        println!(
            "{name}: {:.0} packets/s: sensor {:.1} % of a core, {:.0} ns user and {:.0} ns system a packet; \
             kernel for the capture {:.0} ns; {} seen, {} dropped; {} events, {} aggregated",
            with.packets / with.seconds,
            (user + system) / with.seconds / 1e7,
            each(user),
            each(system),
            each(with.cpu) - without.cpu / without.packets,
            health.packets_seen,
            health.packets_dropped_kernel,
            health.events + health.events_dropped,
            health.aggregated,
        );
    }
}

/// Prints what the sensor costs when nothing happens.
#[test]
#[ignore = "a measurement of five seconds"]
fn measure_idle() {
    let Some(lab) = Lab::or_skip(1, &[]) else { return };
    let watch = Watch::on(&lab, 0, SensorConfig::default());
    std::thread::sleep(Duration::from_secs(3));
    let before = run_time("vedette-capture");
    std::thread::sleep(Duration::from_secs(2));
    let spent = run_time("vedette-capture") - before;
    println!("idle: {:.3} % of a core", spent / 2e7);
    drop(watch);
}

/// Time that a thread of this process ran, in nanoseconds.
fn run_time(thread: &str) -> f64 {
    for task in std::fs::read_dir("/proc/self/task").unwrap() {
        let path = task.unwrap().path();
        if std::fs::read_to_string(path.join("comm")).unwrap_or_default().trim() == thread {
            let text = std::fs::read_to_string(path.join("schedstat")).unwrap();
            return text.split(' ').next().unwrap().parse().unwrap();
        }
    }
    panic!("no thread {thread}");
}

struct Sent {
    packets: f64,
    seconds: f64,
    /// Of the sending thread.
    cpu: f64,
}

fn send(lab: &Lab, rate: u64, make: Make) -> Sent {
    let sender = lab.sender(0, "eth0");
    let (cpu, start) = (own_cpu(), Instant::now());
    let packets = sender.flood(rate, Duration::from_secs(3), |number, frame| make(lab, number, frame));
    Sent { packets: packets as f64, seconds: start.elapsed().as_secs_f64(), cpu: own_cpu() - cpu }
}
