//! The lab itself: hosts reach each other and nothing else, and nothing is left behind.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::time::Duration;
use vedette_lab::Lab;

fn exists(namespace: &str) -> bool {
    std::path::Path::new("/run/netns").join(namespace).exists()
}

#[test]
fn hosts_reach_each_other_over_both_families() {
    let Some(lab) = Lab::or_skip(2, &[]) else { return };
    let (v4, v6) = (lab.host(1).v4, lab.host(1).v6);
    for address in [std::net::IpAddr::from(v4), v6.into()] {
        let listener = lab.enter(1, || std::net::TcpListener::bind((address, 0)).unwrap());
        let port = listener.local_addr().unwrap().port();
        let stream = lab.enter(0, || std::net::TcpStream::connect((address, port)));
        assert!(stream.is_ok(), "{address}: {stream:?}");
    }
}

#[test]
fn everything_is_gone_afterwards_even_after_a_panic() {
    let Some(lab) = Lab::or_skip(1, &[]) else { return };
    let namespace = lab.host(0).namespace.clone();
    assert!(exists(&namespace));
    let caught = std::thread::spawn(move || {
        let _lab = lab;
        panic!("as a failing test does");
    });
    assert!(caught.join().is_err());
    assert!(!exists(&namespace));
}

#[test]
fn what_labs_of_ended_processes_left_is_swept() {
    let Some(_lab) = Lab::or_skip(1, &[]) else { return };
    // Above the highest process id Linux hands out.
    let stale = "vdlab4999999x0s";
    assert!(std::process::Command::new("ip").args(["netns", "add", stale]).status().unwrap().success());
    drop(Lab::or_skip(1, &[]));
    assert!(!exists(stale));
}

#[test]
#[should_panic(expected = "default route")]
fn no_tool_starts_where_packets_could_leave() {
    let Some(lab) = Lab::or_skip(1, &[]) else { panic!("default route: not tried, no lab here") };
    lab.enter(0, || {
        let route = ["route", "add", "default", "via", "198.18.0.77"];
        assert!(std::process::Command::new("ip").args(route).status().unwrap().success());
    });
    lab.run(0, &["true"]);
}

#[test]
fn programs_are_timed_out_and_ended() {
    let Some(lab) = Lab::or_skip(1, &[]) else { return };
    let output = lab.run_for(0, Duration::from_millis(200), &["sh", "-c", "echo on; sleep 30; echo off"]);
    assert!(output.status.is_none() && output.took < Duration::from_secs(5));
    assert_eq!(output.stdout, "on\n");
    let running = lab.spawn(0, &["sh", "-c", "echo ready; sleep 30 & wait"]);
    assert!(running.says("ready", Duration::from_secs(5)));
    let pid = running.pid();
    drop(running);
    assert!(!std::path::Path::new(&format!("/proc/{pid}")).exists());
    assert!(lab.run(0, &["false"]).status.is_some_and(|status| !status.success()));
}
