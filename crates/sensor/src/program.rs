//! Other programs that Vedette starts: `nft`, and what an administrator hooks in.
//!
//! No shell, an environment of our own, a bound on time and on output, and nothing left running: the
//! program leads a process group, which is ended with it.

use crate::sys;
use caps::{CapSet, Capability};
use std::io::{self, Read, Write};
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

/// Folders that programs are looked for in: never those of a user's own PATH.
const FOLDERS: [&str; 4] = ["/usr/sbin", "/sbin", "/usr/bin", "/bin"];
const POLL: Duration = Duration::from_millis(10);
/// Somebody may hold the pipes open although the program ended.
const AFTERWARDS: Duration = Duration::from_secs(1);

/// A program to be run.
#[derive(Clone, Debug)]
pub struct Program {
    /// The file and its arguments.
    pub command: Vec<String>,
    /// What it reads on standard input.
    pub input: Vec<u8>,
    pub time_out: Duration,
    /// Bytes of each output that are kept; the rest is read and thrown away.
    pub output: usize,
    /// It gets CAP_NET_ADMIN, when this process has it.
    pub net_admin: bool,
}

/// What became of it.
#[derive(Debug)]
pub struct Ended {
    /// `None` when it was ended for taking too long.
    pub status: Option<ExitStatus>,
    pub stdout: String,
    pub stderr: String,
}

impl Ended {
    pub fn success(&self) -> bool {
        self.status.is_some_and(|status| status.success())
    }
}

/// Where a program of the system is.
pub fn find(name: &str) -> Option<PathBuf> {
    FOLDERS.iter().map(|folder| PathBuf::from(folder).join(name)).find(|path| path.is_file())
}

/// Whether this thread may change firewalls, and programs it starts through [`Program::run`].
pub fn may_administer_network() -> bool {
    caps::has_cap(None, CapSet::Permitted, Capability::CAP_NET_ADMIN).unwrap_or(false)
}

impl Program {
    /// Runs it to its end, or to the end of its time. Blocks.
    ///
    /// # Errors
    /// When it cannot be started.
    pub fn run(self) -> io::Result<Ended> {
        let mut child = self.start()?;
        let stdin = child.stdin.take();
        let input = self.input;
        // In a thread of its own: a program that reads nothing must not keep us.
        std::thread::spawn(move || stdin.map(|mut pipe| pipe.write_all(&input)));
        let stdout = reader(child.stdout.take(), self.output);
        let stderr = reader(child.stderr.take(), self.output);
        let until = Instant::now() + self.time_out;
        let mut in_time = true;
        while !sys::has_ended(child.id())? {
            if Instant::now() >= until {
                in_time = false;
                break;
            }
            std::thread::sleep(POLL);
        }
        // What it started ends with it.
        sys::end_group(child.id());
        let status = child.wait().map(|status| in_time.then_some(status))?;
        let text = |pipe: Receiver<Vec<u8>>| {
            String::from_utf8_lossy(&pipe.recv_timeout(AFTERWARDS).unwrap_or_default()).into_owned()
        };
        Ok(Ended { status, stdout: text(stdout), stderr: text(stderr) })
    }

    fn start(&self) -> io::Result<Child> {
        let (file, arguments) = self
            .command
            .split_first()
            .ok_or_else(|| io::Error::new(io::ErrorKind::InvalidInput, "an empty command"))?;
        let mut command = Command::new(file);
        command
            .args(arguments)
            .env_clear()
            .env("PATH", FOLDERS.join(":"))
            .env("LC_ALL", "C")
            .current_dir("/")
            .process_group(0)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        if !self.net_admin {
            return command.spawn();
        }
        // Rights belong to threads, and a program inherits those of the thread that starts it: only this
        // one thread, which ends at once, hands the right on.
        std::thread::scope(|scope| {
            let started = scope.spawn(|| {
                for set in [CapSet::Inheritable, CapSet::Ambient] {
                    caps::raise(None, set, Capability::CAP_NET_ADMIN).map_err(io::Error::other)?;
                }
                command.spawn()
            });
            started.join().unwrap_or_else(|_| Err(io::Error::other("the thread that starts programs failed")))
        })
    }
}

/// Reads a pipe to its end and keeps the first `keep` bytes.
fn reader(pipe: Option<impl Read + Send + 'static>, keep: usize) -> Receiver<Vec<u8>> {
    let (sender, receiver) = channel();
    std::thread::spawn(move || {
        let (mut kept, mut chunk) = (Vec::new(), [0; 8192]);
        if let Some(mut pipe) = pipe {
            while let Ok(length @ 1..) = pipe.read(&mut chunk) {
                let room = keep.saturating_sub(kept.len()).min(length);
                kept.extend_from_slice(chunk.get(..room).unwrap_or_default());
            }
        }
        // Nobody may be listening any more.
        let _ = sender.send(kept);
    });
    receiver
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn program(command: &[&str]) -> Program {
        Program {
            command: command.iter().map(ToString::to_string).collect(),
            input: Vec::new(),
            time_out: Duration::from_secs(5),
            output: 100,
            net_admin: false,
        }
    }

    #[test]
    fn input_goes_in_output_comes_out_and_nothing_of_ours_is_handed_on() {
        let cat = Program { input: b"hello; $(id)".to_vec(), ..program(&["/bin/cat"]) }.run().unwrap();
        assert_eq!((cat.success(), cat.stdout.as_str()), (true, "hello; $(id)"));
        let echo = program(&["/bin/echo", "$HOME", "; id"]).run().unwrap();
        assert_eq!(echo.stdout, "$HOME ; id\n", "no shell");
        let environment = program(&["/usr/bin/env"]).run().unwrap().stdout;
        assert_eq!(environment.lines().count(), 2, "{environment}");
    }

    #[test]
    fn time_and_output_are_bounded_and_children_end_too() {
        let begin = Instant::now();
        let file = tempfile_path();
        let script = format!("(sleep 2; echo late > {file}) & sleep 30");
        let late =
            Program { time_out: Duration::from_millis(200), ..program(&["/bin/sh", "-c", &script]) }.run();
        assert!(late.unwrap().status.is_none() && begin.elapsed() < Duration::from_secs(5));
        let loud = program(&["/bin/sh", "-c", "head -c 1000000 /dev/zero | tr '\\0' x"]).run().unwrap();
        assert_eq!((loud.success(), loud.stdout.len()), (true, 100));
        let deaf = Program { input: vec![b'x'; 1 << 20], ..program(&["/bin/true"]) }.run().unwrap();
        assert!(deaf.success());
        std::thread::sleep(Duration::from_millis(2_100));
        assert!(!std::path::Path::new(&file).exists(), "what it started is ended");
    }

    fn tempfile_path() -> String {
        std::env::temp_dir().join(format!("vedette-program-{}", std::process::id())).display().to_string()
    }

    #[test]
    fn what_is_not_there_is_an_error() {
        assert!(program(&["/no/such/program"]).run().is_err());
        assert!(program(&[]).run().is_err());
        assert!(find("sh").is_some() && find("no-such-program").is_none());
    }
}
