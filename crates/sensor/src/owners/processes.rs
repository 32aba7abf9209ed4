//! What a process is: read from `/proc` and remembered for a moment, because it may be gone before
//! its attempts are decided.

use std::collections::HashMap;
use std::fs;
use std::io::Read;
use std::sync::Arc;
use std::time::{Duration, Instant};
use vedette_event::Process;

/// What was read stays true for so long: a process may become another program.
const FRESH: Duration = Duration::from_secs(1);
/// A process that is gone is remembered for so long.
const KEPT: Duration = Duration::from_secs(60);
const MOST: usize = 4_096;
/// Bytes of a command line that are kept.
const LONGEST: u64 = 4_096;
/// Names of users are read again after so long.
const USERS: Duration = Duration::from_secs(60);

#[derive(Default)]
pub struct Processes {
    known: HashMap<u32, (Arc<Process>, Instant)>,
    users: HashMap<u32, String>,
    users_at: Option<Instant>,
}

impl Processes {
    /// The process as it is, or as it was a moment ago; `None` when it was gone too soon.
    pub fn of(&mut self, pid: u32) -> Option<Arc<Process>> {
        let known = self.known.get(&pid).map(|(process, at)| (Arc::clone(process), at.elapsed()));
        if let Some((process, age)) = &known
            && *age < FRESH
        {
            return Some(Arc::clone(process));
        }
        if let Some(read) = self.read(pid) {
            if self.known.len() >= MOST {
                self.known.retain(|_, (_, at)| at.elapsed() < FRESH);
            }
            let process = match known {
                Some((same, _)) if *same == read => same,
                _ => Arc::new(read),
            };
            if self.known.len() < MOST {
                self.known.insert(pid, (Arc::clone(&process), Instant::now()));
            }
            return Some(process);
        }
        known.filter(|(_, age)| *age < KEPT).map(|(process, _)| process)
    }

    fn read(&mut self, pid: u32) -> Option<Process> {
        let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
        let field = |name: &str| status.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(":\t"));
        let uid: Option<u32> = field("Uid").and_then(|ids| ids.split('\t').nth(1)?.parse().ok());
        // Another user's program is only shown to those with CAP_SYS_PTRACE.
        let path = fs::read_link(format!("/proc/{pid}/exe")).map(|path| path.to_string_lossy().into_owned());
        let path = path.unwrap_or_default().trim_end_matches(" (deleted)").to_owned();
        let name = match path.rsplit('/').next() {
            None | Some("") => field("Name").unwrap_or_default().to_owned(),
            Some(file) => file.to_owned(),
        };
        let user = uid.map_or_else(String::new, |uid| self.user(uid));
        Some(Process { pid, name, path, command_line: command_line(pid), user })
    }

    fn user(&mut self, uid: u32) -> String {
        if self.users_at.is_none_or(|at| at.elapsed() > USERS) {
            self.users_at = Some(Instant::now());
            self.users = users(&fs::read_to_string("/etc/passwd").unwrap_or_default());
        }
        self.users.get(&uid).cloned().unwrap_or_else(|| uid.to_string())
    }
}

fn command_line(pid: u32) -> String {
    let mut bytes = Vec::new();
    if let Ok(file) = fs::File::open(format!("/proc/{pid}/cmdline")) {
        let _ = file.take(LONGEST).read_to_end(&mut bytes);
    }
    let text = String::from_utf8_lossy(&bytes);
    text.trim_end_matches('\0').replace(|c: char| c == '\0' || c.is_control(), " ")
}

/// User names by number; of several with one number the first, as the system does.
fn users(text: &str) -> HashMap<u32, String> {
    let mut users = HashMap::new();
    for line in text.lines() {
        let mut fields = line.split(':');
        if let (Some(name), Some(uid)) = (fields.next(), fields.nth(1).and_then(|uid| uid.parse().ok())) {
            users.entry(uid).or_insert_with(|| name.to_owned());
        }
    }
    users
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn this_process_is_known_by_name_path_and_command_line() {
        let mut processes = Processes::default();
        let own = processes.of(std::process::id()).unwrap();
        let exe = std::env::current_exe().unwrap();
        assert_eq!(own.path, exe.to_string_lossy());
        assert_eq!(own.name, exe.file_name().unwrap().to_string_lossy());
        assert!(own.command_line.contains(&*own.name) && !own.user.is_empty(), "{own:?}");
        assert!(Arc::ptr_eq(&own, &processes.of(std::process::id()).unwrap()));
    }

    #[test]
    fn one_that_is_gone_is_remembered_and_one_that_never_was_is_not() {
        let mut processes = Processes::default();
        let mut child = std::process::Command::new("sleep").arg("30").spawn().unwrap();
        let seen = processes.of(child.id()).unwrap();
        child.kill().unwrap();
        child.wait().unwrap();
        processes.known.get_mut(&child.id()).unwrap().1 -= FRESH * 2;
        assert_eq!(processes.of(child.id()).unwrap(), seen);
        processes.known.get_mut(&child.id()).unwrap().1 -= KEPT;
        assert_eq!(processes.of(child.id()), None);
        assert_eq!(processes.of(u32::MAX), None);
    }

    #[test]
    fn user_names_come_from_the_list_and_odd_lines_do_no_harm() {
        let users = users("root:x:0:0::/root:/bin/sh\ntoor:x:0:0::/:/bin/sh\n\n:::\nx:y:z\nada:x:1000:");
        assert_eq!(users[&0], "root");
        assert_eq!(users[&1000], "ada");
        assert_eq!(users.len(), 2);
    }
}
