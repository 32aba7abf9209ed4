//! Network namespaces by name: making, entering, removing, and the check that nothing can leave.

use crate::command::find;
use std::fs::{self, File};
use std::os::fd::AsRawFd;
use std::process::Command;
use std::sync::OnceLock;

/// Names of all labs start with it; then comes the process that made them.
pub const PREFIX: &str = "vdlab";
const FOLDER: &str = "/run/netns";

/// Runs `ip`; panics with what it said when it fails.
pub fn ip(arguments: &[&str]) -> String {
    let output = Command::new("ip").args(arguments).output().expect("the program ip");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "ip {}: {said}", arguments.join(" "));
    String::from_utf8_lossy(&output.stdout).into_owned()
}

pub fn available() -> Result<(), String> {
    static ANSWER: OnceLock<Result<(), String>> = OnceLock::new();
    ANSWER.get_or_init(probe).clone()
}

fn probe() -> Result<(), String> {
    for program in ["ip", "nsenter"] {
        if find(program).is_none() {
            return Err(format!("{program} is not installed (Debian: iproute2, util-linux)"));
        }
    }
    let name = format!("{PREFIX}{}probe", std::process::id());
    let made =
        Command::new("ip").args(["netns", "add", &name]).output().map_err(|error| error.to_string())?;
    if !made.status.success() {
        let said = String::from_utf8_lossy(&made.stderr);
        return Err(format!("network namespaces cannot be made (root is needed): {}", said.trim()));
    }
    let veth = ["-n", &name, "link", "add", "veth0", "type", "veth", "peer", "name", "veth1"];
    let linked = Command::new("ip").args(veth).output().map_err(|error| error.to_string());
    remove(&name);
    match linked? {
        output if output.status.success() => Ok(()),
        output => Err(format!("veth: {}", String::from_utf8_lossy(&output.stderr).trim())),
    }
}

pub fn add(name: &str) {
    ip(&["netns", "add", name]);
}

/// Removes a namespace; quietly, because it runs while tests unwind.
pub fn remove(name: &str) {
    if let Ok(output) = Command::new("ip").args(["netns", "del", name]).output()
        && !output.status.success()
    {
        eprintln!("lab: {}", String::from_utf8_lossy(&output.stderr).trim());
    }
}

/// Removes what labs of ended processes left behind (a test that was killed).
pub fn sweep() {
    for entry in fs::read_dir(FOLDER).into_iter().flatten().flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        let Some(rest) = name.strip_prefix(PREFIX) else { continue };
        let digits: String = rest.chars().take_while(char::is_ascii_digit).collect();
        if !digits.is_empty() && !fs::exists(format!("/proc/{digits}")).unwrap_or(true) {
            // Another process may be sweeping too: whoever comes second finds it gone.
            let _ = Command::new("ip").args(["netns", "del", &name]).output();
        }
    }
}

/// Panics when packets could leave the lab.
pub fn refuse_default_route(name: &str) {
    for family in ["-4", "-6"] {
        let routes = ip(&[family, "-n", name, "route", "show", "default"]);
        assert!(routes.trim().is_empty(), "{name} has a default route, no tool is started there: {routes}");
    }
}

pub fn enter<T: Send>(name: &str, work: impl FnOnce() -> T + Send) -> T {
    std::thread::scope(|scope| {
        let inside = scope.spawn(|| {
            let namespace = File::open(format!("{FOLDER}/{name}")).expect("the namespace's file");
            // SAFETY: no pointers; it changes the namespace of this thread only, which ends here.
            let result = unsafe { libc::setns(namespace.as_raw_fd(), libc::CLONE_NEWNET) };
            assert_eq!(result, 0, "entering {name}: {}", std::io::Error::last_os_error());
            work()
        });
        inside.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    })
}
