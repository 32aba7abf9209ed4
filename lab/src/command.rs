//! Programs on a host of the lab: with a time-out, and never left running.

use std::io::Read;
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// What a program wrote is kept up to this many bytes a stream.
const MAX_OUTPUT: usize = 16 << 20;
const POLL: Duration = Duration::from_millis(5);

/// What a program left behind.
#[derive(Debug)]
pub struct Output {
    /// `None` when it was ended for running too long.
    pub status: Option<ExitStatus>,
    pub stdout: String,
    pub stderr: String,
    pub took: Duration,
}

impl Output {
    pub fn success(&self) -> bool {
        self.status.is_some_and(|status| status.success())
    }
}

/// A running program; ended, with all it started, when dropped.
#[derive(Debug)]
pub struct Running {
    child: Child,
    started: Instant,
    stdout: Stream,
    stderr: Stream,
}

impl Running {
    pub(crate) fn start(namespace: &str, command: &[&str]) -> Running {
        let mut child = Command::new("nsenter")
            .arg(format!("--net=/run/netns/{namespace}"))
            .arg("--")
            .args(command)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            // A group of its own, so that it can be ended together with what it starts.
            .process_group(0)
            .spawn()
            .expect("the program nsenter");
        let stdout = Stream::of(child.stdout.take());
        let stderr = Stream::of(child.stderr.take());
        Running { child, started: Instant::now(), stdout, stderr }
    }

    /// The process id. `nsenter` becomes the program, so it is the program's own.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// What it has written to both streams so far.
    pub fn so_far(&self) -> String {
        format!("{}{}", self.stdout.text(), self.stderr.text())
    }

    /// Waits until it has written `text`. False when it has not within `time_out`.
    pub fn says(&self, text: &str, time_out: Duration) -> bool {
        let until = Instant::now() + time_out;
        while Instant::now() < until {
            if self.so_far().contains(text) {
                return true;
            }
            std::thread::sleep(POLL);
        }
        false
    }

    /// Waits for its end; ends it after `time_out`.
    pub fn wait(mut self, time_out: Duration) -> Output {
        let until = self.started + time_out;
        let status = loop {
            match self.child.try_wait() {
                Ok(Some(status)) => break Some(status),
                Ok(None) if Instant::now() < until => std::thread::sleep(POLL),
                _ => break None,
            }
        };
        let took = self.started.elapsed();
        self.end();
        Output { status, stdout: self.stdout.finish(), stderr: self.stderr.finish(), took }
    }

    fn end(&mut self) {
        if let Ok(group) = i32::try_from(self.child.id()) {
            // SAFETY: no pointers. The group was made for this child, whose id cannot have been
            // given to another process: the group exists as long as one of its members does, and
            // without any the call fails.
            unsafe { libc::kill(-group, libc::SIGKILL) };
        }
        let _ = self.child.wait();
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.end();
    }
}

/// One output stream, read by a thread so that the program never waits for us.
#[derive(Debug)]
struct Stream {
    bytes: Arc<Mutex<Vec<u8>>>,
    reader: Option<JoinHandle<()>>,
}

impl Stream {
    fn of(pipe: Option<impl Read + Send + 'static>) -> Stream {
        let bytes = Arc::new(Mutex::new(Vec::new()));
        let sink = bytes.clone();
        let reader = pipe.map(|mut pipe| {
            std::thread::spawn(move || {
                let mut chunk = [0; 8192];
                while let Ok(len @ 1..) = pipe.read(&mut chunk) {
                    let mut sink = sink.lock().expect("no reader panics");
                    if sink.len() < MAX_OUTPUT {
                        sink.extend(&chunk[..len]);
                    }
                }
            })
        });
        Stream { bytes, reader }
    }

    fn text(&self) -> String {
        String::from_utf8_lossy(&self.bytes.lock().expect("no reader panics")).into_owned()
    }

    fn finish(&mut self) -> String {
        if let Some(reader) = self.reader.take() {
            let _ = reader.join();
        }
        self.text()
    }
}

/// Where a program is, looked for as a shell run by root does.
pub fn find(program: &str) -> Option<PathBuf> {
    let path = std::env::var("PATH").unwrap_or_default();
    let folders = path.split(':').chain(["/usr/sbin", "/sbin"]);
    folders.map(|folder| PathBuf::from(folder).join(program)).find(|path| path.is_file())
}
