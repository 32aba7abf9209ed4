//! `vedette demo`: all of it on a throw-away folder, with a scan recorded in the project's own lab.

use crate::args::DemoArgs;
use crate::failure::Failure;

/// nmap against a host with three open ports; see `scripts/record-demo.sh`.
static SCAN: &[u8] = include_bytes!("../../assets/demo-scan.pcap");

pub fn run(args: &DemoArgs) -> Result<u8, Failure> {
    let throw_away = match &args.data_dir {
        Some(_) => None,
        None => Some(
            tempfile::tempdir().map_err(|error| Failure::Ours(format!("no temporary folder: {error}")))?,
        ),
    };
    let dir = match (&args.data_dir, &throw_away) {
        (Some(dir), _) => dir.clone(),
        (None, Some(folder)) => folder.path().join("data"),
        (None, None) => return Err(Failure::Usage("give --data-dir".to_owned())),
    };
    println!("Demo data folder: {} (for --data-dir of other commands)", dir.display());
    let mut config = vedette_server::ServerConfig::new(dir);
    config.listen = args.listen;
    super::up::serve(config, !args.no_sensor, Some(SCAN))
}
