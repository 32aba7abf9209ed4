//! Rights: a clear word without them, CAP_NET_RAW alone suffices, and it is gone once the capture
//! is open.
//!
//! A capability belongs to a process, so the bodies marked `#[ignore]` run in a child: a copy of
//! this test program, as an unprivileged user, with or without the file capability.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;

use common::Watch;
use std::collections::HashMap;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use vedette_lab::Lab;
use vedette_sensor::{CaptureError, Sensor, SensorConfig};

/// The user `nobody` of every distribution.
const NOBODY: u32 = 65534;

/// Sets of every thread of this process with the given name.
fn capabilities_of(thread: &str) -> Vec<HashMap<String, u64>> {
    let mut found = Vec::new();
    for task in std::fs::read_dir("/proc/self/task").unwrap() {
        let status = std::fs::read_to_string(task.unwrap().path().join("status")).unwrap_or_default();
        if status.lines().next().is_some_and(|line| line.strip_prefix("Name:\t") == Some(thread)) {
            let sets = status.lines().filter_map(|line| line.strip_prefix("Cap")?.split_once(":\t"));
            found.push(
                sets.map(|(set, bits)| (set.to_owned(), u64::from_str_radix(bits, 16).unwrap())).collect(),
            );
        }
    }
    found
}

/// A copy of this program that anybody may run.
struct Copy(PathBuf);

impl Copy {
    fn new(name: &str) -> Copy {
        let path = std::env::temp_dir().join(format!("vedette-{}-{name}", std::process::id()));
        std::fs::copy(std::env::current_exe().unwrap(), &path).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
        Copy(path)
    }

    /// Runs an ignored test of this file as `nobody` on a host of the lab.
    fn run_as_nobody(&self, lab: &Lab, test: &str) -> String {
        lab.enter(0, || {
            let mut command = Command::new(&self.0);
            command.args(["--exact", test, "--ignored", "--nocapture"]).current_dir("/");
            let output = command.uid(NOBODY).gid(NOBODY).output().unwrap();
            let said = String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
            assert!(output.status.success() && said.contains("1 passed"), "{said}");
            said.into_owned()
        })
    }
}

impl Drop for Copy {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

#[test]
fn the_capture_thread_has_no_rights_left() {
    let Some(lab) = Lab::or_skip(1, &[]) else { return };
    let watch = Watch::on(&lab, 0, SensorConfig::default());
    let health = watch.until_health(|health| health.privileges.no_new_privileges);
    assert!(health.privileges.capabilities.is_empty(), "{health:?}");
    let threads = capabilities_of("vedette-capture");
    assert!(!threads.is_empty());
    for sets in threads {
        for set in ["Eff", "Prm", "Inh", "Amb", "Bnd"] {
            assert_eq!(sets[set], 0, "Cap{set} of the capture thread");
        }
    }
    // This thread's are its own affair.
    assert_ne!(capabilities_of("the_capture_thr").first().map_or(1, |sets| sets["Eff"]), 0);
}

#[test]
fn without_the_right_the_cause_and_the_fix_are_named() {
    let Some(lab) = Lab::or_skip(1, &[]) else { return };
    let copy = Copy::new("bare");
    let said = copy.run_as_nobody(&lab, "unprivileged_child");
    let fix = format!("sudo setcap cap_net_raw+ep {}", copy.0.display());
    assert!(said.contains("CAP_NET_RAW") && said.contains("uid 65534") && said.contains(&fix), "{said}");
}

#[test]
#[ignore = "the body of the test above"]
fn unprivileged_child() {
    match Sensor::open(SensorConfig::default()) {
        Err(CaptureError::NotPermitted(text)) => println!("{text}"),
        Err(error) => panic!("another error: {error}"),
        Ok(_) => panic!("opened without the right"),
    }
}

#[test]
fn the_file_capability_alone_suffices() {
    let Some(lab) = Lab::or_skip(1, &["setcap"]) else { return };
    let copy = Copy::new("raw");
    if !set_capability(&copy.0) {
        return eprintln!("skipped: this file system takes no file capabilities");
    }
    copy.run_as_nobody(&lab, "raw_only_child");
}

fn set_capability(path: &Path) -> bool {
    Command::new("setcap").arg("cap_net_raw+ep").arg(path).status().unwrap().success()
}

#[test]
#[ignore = "the body of the test above"]
fn raw_only_child() {
    let watch = Watch::here(SensorConfig::default());
    let _ = std::net::TcpStream::connect(("127.0.0.1", 9));
    let events = watch.until(|events| events.iter().any(|event| event.target_port == 9));
    assert!(!events.is_empty());
    let health = watch.until_health(|health| health.privileges.no_new_privileges);
    assert_eq!((health.privileges.user_id, health.privileges.capabilities.len()), (NOBODY, 0));
    let threads = capabilities_of("vedette-capture");
    assert!(threads.len() == 1 && threads[0]["Eff"] == 0 && threads[0]["Prm"] == 0, "{threads:?}");
}
