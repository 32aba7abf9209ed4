//! The program's own log, on standard error. VEDETTE_LOG sets the level (default: warn).

use std::io::IsTerminal;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::LevelFilter;

pub fn start() {
    let mut filter = EnvFilter::try_from_env("VEDETTE_LOG").unwrap_or_else(|_| EnvFilter::new("warn"));
    // Whatever the level: these write down addresses of webhooks, and the secrets in them.
    for quiet in ["ureq=warn", "ureq_proto=warn"] {
        filter = filter.add_directive(quiet.parse().unwrap_or_else(|_| LevelFilter::WARN.into()));
    }
    let colour = std::io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none();
    let _ = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(colour)
        .try_init();
}
