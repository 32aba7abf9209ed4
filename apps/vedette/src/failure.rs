//! Why a command could not do its work, and the exit code that says whose fault it was.

use std::fmt;
use std::io;

/// Exit codes: 1 something was found wrong in what was given, 2 usage, 3 our failure.
#[derive(Debug)]
pub enum Failure {
    /// The input, the query or the request is wrong; the text says where and what to do.
    Input(String),
    Usage(String),
    /// The machine or Vedette itself: storage, network, memory, a bug.
    Ours(String),
    /// Standard output was closed by its reader (`| head`): not an error.
    ClosedPipe,
}

impl Failure {
    pub fn exit_code(&self) -> u8 {
        match self {
            Failure::ClosedPipe => 0,
            Failure::Input(_) => 1,
            Failure::Usage(_) => 2,
            Failure::Ours(_) => 3,
        }
    }

    pub fn is_closed_pipe(&self) -> bool {
        matches!(self, Failure::ClosedPipe)
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Failure::Input(text) | Failure::Usage(text) | Failure::Ours(text) => f.write_str(text),
            Failure::ClosedPipe => Ok(()),
        }
    }
}

/// Errors of writing to standard output.
impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Failure {
        match error.kind() {
            io::ErrorKind::BrokenPipe => Failure::ClosedPipe,
            _ => Failure::Ours(format!("cannot write the output: {error}")),
        }
    }
}
