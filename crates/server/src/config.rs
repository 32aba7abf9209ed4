//! What can be set about the server; everything but the folder has a default.

use crate::receiving::ReceivingConfig;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;
use vedette_engine::EngineConfig;
use vedette_lake::LakeConfig;
use vedette_sensor::{CaptureError, Sensor};

/// Where a server listens unless told otherwise.
pub const DEFAULT_LISTEN: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 8750);

pub struct ServerConfig {
    /// Everything the server keeps is in this folder (mode 0700).
    pub data_dir: PathBuf,
    /// Plain HTTP on a loopback address, HTTPS on any other.
    pub listen: SocketAddr,
    /// Further names and addresses clients use for this host; they go into the certificate.
    pub names: Vec<String>,
    pub sensor: SensorInput,
    /// `None` switches detection off: the server then stores only, and says so everywhere.
    pub detection: Option<vedette_detect::Config>,
    pub retention_days: u32,
    pub retention_bytes: u64,
    pub engine: EngineConfig,
    /// Databases that `iploc` looks addresses up in, in the MaxMind format, beside those in the folder
    /// `places` of the data folder.
    pub places: Vec<PathBuf>,
    /// Queries may read any file that the process may read: for a server of one command line.
    pub files: bool,
    /// Sources may be blocked in this host's firewall, when an administrator switches that on too. The
    /// process then keeps the right to change it.
    pub response: bool,
    pub limits: Limits,
    /// Logs that other hosts send as they write them.
    pub receiving: ReceivingConfig,
}

impl ServerConfig {
    pub fn new(data_dir: impl Into<PathBuf>) -> ServerConfig {
        let data_dir = data_dir.into();
        let lake = LakeConfig::new(&data_dir);
        ServerConfig {
            data_dir,
            listen: DEFAULT_LISTEN,
            names: Vec::new(),
            sensor: SensorInput::Off {
                reason: "the sensor was not asked for".to_owned(),
                help: Some("start without --no-sensor".to_owned()),
            },
            detection: Some(vedette_detect::Config::default()),
            retention_days: lake.retention_days,
            retention_bytes: lake.retention_bytes,
            engine: EngineConfig::default(),
            places: Vec::new(),
            files: false,
            response: false,
            limits: Limits::default(),
            receiving: ReceivingConfig::default(),
        }
    }
}

/// The sensor as the caller could open it. Opening needs a right that the process gives up before
/// the server starts (see `vedette_sensor::privilege`).
pub enum SensorInput {
    /// Not wanted.
    Off { reason: String, help: Option<String> },
    /// Open and not started: the server starts it.
    Open(Box<Sensor>),
    /// It could not be opened; the server runs without it and says why.
    Failed(CaptureError),
}

impl From<Result<Sensor, CaptureError>> for SensorInput {
    fn from(opened: Result<Sensor, CaptureError>) -> SensorInput {
        match opened {
            Ok(sensor) => SensorInput::Open(Box::new(sensor)),
            Err(error) => SensorInput::Failed(error),
        }
    }
}

/// Bounds of everything a client or a network can make grow.
#[derive(Clone, Debug)]
pub struct Limits {
    /// Events waiting for the store, and for the detector; more are dropped and counted. An event
    /// takes about 400 bytes.
    pub queue_events: usize,
    pub connections: usize,
    /// Requests under way at one time, live streams left out.
    pub requests: usize,
    pub live_streams: usize,
    /// Bodies of ordinary requests, in bytes.
    pub body: usize,
    /// The body of one ingest request.
    pub ingest_body: u64,
    /// The longest log line; longer ones go to quarantine cut.
    pub ingest_line: usize,
    /// Ordinary requests take no longer.
    pub request_time: Duration,
    /// A client that sends nothing for so long is hung up on.
    pub idle_time: Duration,
    /// Rows of a query answer.
    pub query_rows: u64,
    /// Requests a minute with one API key or token.
    pub key_requests: u32,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits {
            queue_events: 200_000,
            connections: 1024,
            requests: 256,
            live_streams: 64,
            body: 1 << 20,
            ingest_body: 8 << 30,
            ingest_line: 1 << 20,
            request_time: Duration::from_secs(30),
            idle_time: Duration::from_secs(30),
            query_rows: 1_000_000,
            key_requests: 1200,
        }
    }
}
