//! Attempts of this host bear the process that made them: real tools on the sensor's own host.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;

use common::{Watch, summary};
use std::net::{IpAddr, TcpListener};
use std::time::Duration;
use vedette_event::{Direction, Event, EventKind, Transport};
use vedette_lab::Lab;
use vedette_sensor::SensorConfig;

const HERE: usize = 0;
const THERE: usize = 1;

struct Scene {
    lab: Lab,
    watch: Watch,
}

fn scene(programs: &[&str]) -> Option<Scene> {
    let lab = Lab::or_skip(2, programs)?;
    let watch = Watch::on(&lab, HERE, SensorConfig::default());
    let health = watch.until_health(|health| health.owners.as_ref().is_some_and(|owners| owners.running));
    let owners = health.owners.unwrap();
    assert!(owners.other_users, "{owners:?}");
    Some(Scene { lab, watch })
}

impl Scene {
    fn target(&self) -> IpAddr {
        self.lab.host(THERE).v4.into()
    }

    /// Runs a program here, with the other host's address as its last argument.
    fn run(&self, command: &[&str]) {
        let target = self.target().to_string();
        self.lab.run(HERE, &[command, &[&target]].concat());
    }

    /// The attempts on the other host, all that came.
    fn attempts(self, transport: Transport) -> Vec<Event> {
        let target = self.target();
        std::thread::sleep(Duration::from_millis(900));
        let (events, health) = self.watch.stop();
        println!("{:?}", health.owners);
        let mut attempts = events;
        attempts.retain(|event| {
            event.kind == EventKind::Attempt && event.target == target && event.transport == transport
        });
        attempts
    }
}

/// How many of these name the program.
fn named(events: &[Event], program: &str) -> usize {
    let is = |event: &&Event| event.process.as_ref().is_some_and(|process| process.name == program);
    events.iter().filter(is).count()
}

#[test]
fn a_connect_scan_names_the_scanner_probe_by_probe() {
    let Some(scene) = scene(&["nmap"]) else { return };
    let traced = scene.watch.handle.health().owners.is_some_and(|owners| owners.connect_events);
    if !traced {
        return println!("skipped: this kernel shows no connect events");
    }
    scene.run(&["nmap", "-n", "-Pn", "-sT", "-p1-500"]);
    let attempts = scene.attempts(Transport::Tcp);
    assert!(attempts.len() >= 500, "{}", summary(&attempts));
    assert!(attempts.iter().all(|event| event.direction == Direction::Outbound));
    assert_eq!(named(&attempts, "nmap"), attempts.len(), "{attempts:#?}");
    let process = attempts[0].process.as_ref().unwrap();
    assert!(process.path.ends_with("/nmap") && process.command_line.contains("-sT -p1-500"), "{process:?}");
    assert_eq!(process.user, "root");
}

#[test]
fn a_scan_with_packets_made_by_hand_names_the_only_process_that_can_have_made_them() {
    let Some(scene) = scene(&["nmap"]) else { return };
    scene.run(&["nmap", "-n", "-Pn", "-sS", "-p1-1000", "--max-rate", "2000"]);
    let attempts = scene.attempts(Transport::Tcp);
    assert!(attempts.len() >= 1_000, "{}", summary(&attempts));
    let share = named(&attempts, "nmap") as f64 / attempts.len() as f64;
    assert!(share > 0.9, "{share}");
}

#[test]
fn two_scanners_at_once_are_not_mistaken_for_each_other() {
    let Some(scene) = scene(&["nmap"]) else { return };
    let target = scene.target().to_string();
    let other = scene.lab.spawn(
        HERE,
        &["nmap", "-n", "-Pn", "-sS", "-p2001-3000", "--max-rate", "500", "--max-retries", "0", &target],
    );
    scene.run(&["nmap", "-n", "-Pn", "-sT", "-p1-200"]);
    drop(other);
    let attempts = scene.attempts(Transport::Tcp);
    for event in attempts.iter().filter(|event| event.process.is_some()) {
        let line = &event.process.as_ref().unwrap().command_line;
        let wanted = if event.target_port <= 200 { "-sT" } else { "-sS" };
        assert!(line.contains(wanted), "{} by {line}", event.target_port);
    }
}

#[test]
fn a_single_connection_and_its_end_name_the_client() {
    let Some(scene) = scene(&["ncat"]) else { return };
    let listen = |port: u16| scene.lab.enter(THERE, || TcpListener::bind(("0.0.0.0", port)).unwrap());
    let ports = 2222..2227_u16;
    let _services: Vec<TcpListener> = ports.clone().map(listen).collect();
    let target = scene.target().to_string();
    // Each is gone after milliseconds; between two looks of the sensor (50 ms when little happens) it may be
    // gone before its name is read.
    for port in ports.clone() {
        scene.lab.run(HERE, &["ncat", "-z", &target, &port.to_string()]);
    }
    std::thread::sleep(Duration::from_millis(900));
    let (events, _) = scene.watch.stop();
    let is_named = |port: u16| {
        let of_it: Vec<&Event> = events.iter().filter(|event| event.target_port == port).collect();
        assert_eq!(of_it.len(), 2, "{}", summary(&events));
        of_it.iter().all(|event| event.process.as_ref().is_some_and(|process| process.name == "ncat"))
    };
    let named = ports.filter(|&port| is_named(port)).count();
    assert!(named >= 1, "{named} of 5: {}", summary(&events));
}

#[test]
fn what_comes_in_names_the_service() {
    let Some(scene) = scene(&["ncat"]) else { return };
    let here = scene.lab.host(HERE).v4.to_string();
    let server = scene.lab.spawn(HERE, &["ncat", "-l", "-k", "3333"]);
    std::thread::sleep(Duration::from_millis(300));
    scene.lab.run(THERE, &["ncat", "-z", &here, "3333"]);
    std::thread::sleep(Duration::from_millis(900));
    drop(server);
    let (events, _) = scene.watch.stop();
    let event = events.iter().find(|event| event.target_port == 3333).unwrap();
    assert_eq!(event.direction, Direction::Inbound);
    let process = event.process.as_ref().unwrap();
    assert!(process.name == "ncat" && process.command_line.contains("-l -k 3333"), "{process:?}");
}

#[test]
fn datagrams_name_who_sends_them_while_its_socket_is_open() {
    let Some(scene) = scene(&["nmap"]) else { return };
    scene.run(&["nmap", "-n", "-Pn", "-sU", "-p1-8", "--max-retries", "1"]);
    let attempts = scene.attempts(Transport::Udp);
    assert!(named(&attempts, "nmap") >= attempts.len() / 2 && !attempts.is_empty(), "{attempts:#?}");
}

#[test]
fn the_thread_keeps_two_rights_at_most() {
    let Some(scene) = scene(&[]) else { return };
    let owners = scene.watch.handle.health().owners.unwrap();
    assert_eq!(owners.privileges.capabilities, ["CAP_DAC_READ_SEARCH", "CAP_SYS_PTRACE"]);
    assert!(owners.privileges.no_new_privileges);
}

#[test]
fn switched_off_nothing_is_named() {
    let Some(lab) = Lab::or_skip(2, &["nmap"]) else { return };
    let watch = Watch::on(&lab, HERE, SensorConfig { owners: false, ..SensorConfig::default() });
    let target = lab.host(THERE).v4.to_string();
    lab.run(HERE, &["nmap", "-n", "-Pn", "-sT", "-p1-20", &target]);
    let events = watch.until(|events| events.len() >= 20);
    assert!(events.iter().all(|event| event.process.is_none()) && watch.stop().1.owners.is_none());
}
