//! What can keep the sensor from capturing, in words for the one who can change it.

use std::io;
use std::path::Path;

#[derive(Debug, thiserror::Error)]
pub enum CaptureError {
    /// The process lacks CAP_NET_RAW. The text names the cause and the command that fixes it.
    #[error("{0}")]
    NotPermitted(String),
    /// The kernel or the container does not offer packet capture.
    #[error("this kernel does not offer packet capture (AF_PACKET with TPACKET_V3): {0}")]
    Unsupported(io::Error),
    /// A setting makes no sense.
    #[error("sensor settings: {0}")]
    Setting(String),
    /// The system refused something else.
    #[error("capture: {action}: {source}")]
    System { action: &'static str, source: io::Error },
}

impl CaptureError {
    pub(crate) fn system(action: &'static str) -> impl FnOnce(io::Error) -> CaptureError {
        move |source| CaptureError::System { action, source }
    }

    /// Sorts an error of opening the ring by whose matter it is.
    pub(crate) fn opening(source: io::Error) -> CaptureError {
        match source.raw_os_error() {
            Some(libc::EPERM | libc::EACCES) => CaptureError::NotPermitted(not_permitted()),
            Some(libc::EAFNOSUPPORT | libc::ENOPROTOOPT | libc::EPROTONOSUPPORT | libc::ESOCKTNOSUPPORT) => {
                CaptureError::Unsupported(source)
            }
            _ => CaptureError::System { action: "open the capture ring", source },
        }
    }
}

fn not_permitted() -> String {
    let program = std::env::current_exe().unwrap_or_else(|_| "vedette".into());
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let barred = status.lines().any(|line| line.starts_with("NoNewPrivs:") && line.ends_with('1'));
    explain(&program, crate::sys::effective_uid(), barred)
}

/// `barred`: the process may not gain rights by executing a file (no_new_privs), so file
/// capabilities are without effect.
fn explain(program: &Path, uid: u32, barred: bool) -> String {
    let who = match uid {
        0 => {
            "this process runs as root, but without it (a container or service that took it away)".to_owned()
        }
        uid => format!("this process (uid {uid}) does not have it"),
    };
    let fix = match (uid, barred) {
        (0, _) => "start the container with --cap-add NET_RAW, or put CAP_NET_RAW into the service's \
                   CapabilityBoundingSet="
            .to_owned(),
        (_, true) => "it may not gain rights from its file either (no_new_privs): put \
                      AmbientCapabilities=CAP_NET_RAW into the service, or run it as root"
            .to_owned(),
        (_, false) => format!(
            "run `sudo setcap cap_net_raw+ep {}` once and start it again, or run it as root",
            quoted(program)
        ),
    };
    format!("packet capture needs the capability CAP_NET_RAW, and {who}; {fix}")
}

/// The path as a shell takes it.
fn quoted(path: &Path) -> String {
    let text = path.display().to_string();
    let plain = |c: char| c.is_ascii_alphanumeric() || "/._-+".contains(c);
    if text.chars().all(plain) { text } else { format!("'{}'", text.replace('\'', r"'\''")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_fix_fits_the_cause() {
        let text = explain(Path::new("/usr/bin/vedette"), 1000, false);
        assert!(text.contains("CAP_NET_RAW") && text.contains("uid 1000"), "{text}");
        assert!(text.contains("`sudo setcap cap_net_raw+ep /usr/bin/vedette`"), "{text}");
        assert!(explain(Path::new("/x"), 1000, true).contains("AmbientCapabilities=CAP_NET_RAW"));
        assert!(explain(Path::new("/x"), 0, false).contains("--cap-add NET_RAW"));
        assert!(explain(Path::new("/a b/it's"), 5, false).contains(r"cap_net_raw+ep '/a b/it'\''s'`"));
    }

    #[test]
    fn errors_are_sorted_by_whose_matter_they_are() {
        let sorted = |code| CaptureError::opening(io::Error::from_raw_os_error(code));
        assert!(matches!(sorted(libc::EPERM), CaptureError::NotPermitted(_)));
        assert!(matches!(sorted(libc::EAFNOSUPPORT), CaptureError::Unsupported(_)));
        assert!(matches!(sorted(libc::ENOMEM), CaptureError::System { .. }));
    }
}
