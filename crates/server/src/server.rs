//! Starting and stopping: the order in which the parts come up and go down.

mod housekeeping;
mod running;

use crate::api::routes::router;
use crate::app::{App, HttpCounts};
use crate::captures;
use crate::catalog;
use crate::classes;
use crate::clock;
use crate::config::ServerConfig;
use crate::files;
use crate::hosts::Hosts;
use crate::listener;
use crate::live::Live;
use crate::notify::Notifier;
use crate::pipeline::following::Following;
use crate::pipeline::lines::LineCounts;
use crate::pipeline::{Alerting, Detecting, Intake, Recalled, Storing};
use crate::queries::Queries;
use crate::rate::Rates;
use crate::receiving::{self, Receiving};
use crate::responding;
use crate::response::Responder;
use crate::rules::{Runner, shipped};
use crate::sealing::Sealer;
use crate::secret::Secret;
use crate::sensing::Sensing;
use crate::setup::Setup;
use crate::state::{StateError, Store};
use crate::throttle::Throttle;
use crate::tls::{Authority, Certificate, Names, TlsError, local_addresses};
use housekeeping::{keep_house, note_start};
pub use running::RunningServer;
use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread::JoinHandle;
use tokio::net::TcpListener;
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinHandle as Task;
use vedette_engine::{Engine, Places, PlacesError, QueryError, TableError, Tables};
use vedette_event::datasets;
use vedette_lake::{Lake, LakeConfig, LakeError};

/// Passwords hashed at one time.
const HASHING: usize = 2;

/// Why a server did not start. Each says what to do.
#[derive(Debug, thiserror::Error)]
pub enum ServerError {
    #[error("{path}: {source}; choose another folder with --data-dir, or make it writable")]
    Folder { path: PathBuf, source: io::Error },
    #[error("{address} cannot be listened on: {source}; choose another with --listen")]
    Listen { address: SocketAddr, source: io::Error },
    #[error(
        "{address} cannot be listened on for logs: {source}; choose another with --syslog, --syslog-tls or --netflow"
    )]
    Receive { address: SocketAddr, source: io::Error },
    #[error(transparent)]
    State(#[from] StateError),
    #[error(transparent)]
    Lake(#[from] LakeError),
    #[error(transparent)]
    Tls(#[from] TlsError),
    #[error("the query engine: {0}")]
    Engine(#[from] QueryError),
    #[error(transparent)]
    Tables(#[from] TableError),
    #[error("the database of places {0}")]
    Places(#[from] PlacesError),
    #[error("a thread could not be started: {0}")]
    Thread(io::Error),
}

pub struct Server;

impl Server {
    /// Starts everything; must be called inside a tokio runtime. When it returns, the server
    /// answers.
    pub async fn start(mut config: ServerConfig) -> Result<RunningServer, ServerError> {
        let dir = config.data_dir.clone();
        let folder = |source| ServerError::Folder { path: dir.clone(), source };
        files::private_dir(&dir).map_err(folder)?;
        let lake = open_lake(&config).await?;
        let store = Arc::new(Store::open(&dir.join(STATE))?);
        let changed = store.seed_rules(&shipped::all(), clock::now())?;
        if changed > 0 {
            tracing::info!(changed, "correlation rules that came with this version are new or changed");
        }
        let loose = store.group_loose_alerts(clock::now())?;
        if loose > 0 {
            tracing::info!(loose, "alerts of an earlier version found their incidents");
        }
        let sealer = Sealer::open(&dir).map_err(folder)?;
        let listen = config.listen;
        let listener = TcpListener::bind(listen)
            .await
            .map_err(|source| ServerError::Listen { address: listen, source })?;
        let address =
            listener.local_addr().map_err(|source| ServerError::Listen { address: listen, source })?;
        let hostname = vedette_sensor::host_name();
        let certificate = certificate(&config, address, &hostname)?;
        let receiving = receiving(&mut config, certificate.clone(), &hostname).await?;
        let sealer = Arc::new(sealer);
        assemble(config, Bound { lake, store, sealer, listener, address, hostname, certificate, receiving })
    }
}

/// The sockets for logs, with a certificate where TLS is asked for.
async fn receiving(
    config: &mut ServerConfig,
    certificate: Option<Arc<Certificate>>,
    hostname: &str,
) -> Result<(Arc<Receiving>, receiving::Start), ServerError> {
    let bound = receiving::Bound::bind(std::mem::take(&mut config.receiving))
        .await
        .map_err(|(address, source)| ServerError::Receive { address, source })?;
    let certificate = match certificate {
        None if bound.wants_tls() => {
            let names = Names::new(hostname, &config.names, local_addresses());
            let now = clock::now();
            Some(Certificate::new(Authority::open(&config.data_dir, now)?, names, now)?)
        }
        known => known,
    };
    Ok(Receiving::new(bound, config.limits.ingest_line, certificate))
}

async fn open_lake(config: &ServerConfig) -> Result<Lake, LakeError> {
    let mut lake = LakeConfig::new(lake_dir(&config.data_dir));
    lake.datasets = datasets::in_lake();
    lake.retention_days = config.retention_days;
    lake.retention_bytes = config.retention_bytes;
    let lake = Lake::open(lake).await?;
    lake.spawn_maintenance();
    Ok(lake)
}

/// The lake's folder inside a data folder.
pub fn lake_dir(data_dir: &Path) -> PathBuf {
    data_dir.join("lake")
}

/// Plain HTTP never leaves this machine: any other address has a certificate.
fn certificate(
    config: &ServerConfig,
    address: SocketAddr,
    hostname: &str,
) -> Result<Option<Arc<Certificate>>, TlsError> {
    if address.ip().is_loopback() {
        return Ok(None);
    }
    let mut addresses = local_addresses();
    if !address.ip().is_unspecified() {
        addresses.push(address.ip());
    }
    let names = Names::new(hostname, &config.names, addresses);
    let now = clock::now();
    Certificate::new(Authority::open(&config.data_dir, now)?, names, now).map(Some)
}

/// Folder of the lookups and datasets that users made, in the data folder.
const TABLES: &str = "tables";
/// Folder of databases of places, in the data folder.
const PLACES: &str = "places";
/// File of users, alerts and the like, in the data folder.
pub(crate) const STATE: &str = "state.db";
/// Where is kept what is known of logs.
pub(crate) fn logs_dir(data_dir: &Path) -> PathBuf {
    data_dir.join("logs")
}

/// File of what the detector remembers, in the data folder.
const DETECTOR_STATE: &str = "detector.state";

/// What was opened and bound before the parts are put together.
struct Bound {
    lake: Lake,
    store: Arc<Store>,
    sealer: Arc<Sealer>,
    listener: TcpListener,
    address: SocketAddr,
    hostname: String,
    certificate: Option<Arc<Certificate>>,
    receiving: (Arc<Receiving>, receiving::Start),
}

fn assemble(mut config: ServerConfig, bound: Bound) -> Result<RunningServer, ServerError> {
    let mut class_troubles = Vec::new();
    if let Some(detection) = &mut config.detection {
        let (classes, troubles) = classes::with_own(&config.data_dir.join(classes::FOLDER));
        detection.classes = classes;
        troubles.iter().for_each(|trouble| tracing::warn!(%trouble, "class of discovery"));
        class_troubles = troubles;
    }
    let Bound { lake, store, sealer, listener, address, hostname, certificate, receiving } = bound;
    let (receiving, receive) = receiving;
    let recalled = config
        .detection
        .as_ref()
        .map(|detection| Recalled::from(detection, config.data_dir.join(DETECTOR_STATE)));
    settle(&store, recalled.as_ref())?;
    let now = clock::now();
    let (stop, stopping) = watch::channel(false);
    let (intake, outlets) = Intake::new(config.limits.queue_events, config.detection.is_some());
    let live = Live::new(config.limits.live_streams);
    let (setup, instance_id) = (Setup::new(!store.has_users()?, now), store.instance_id()?);
    let tls = certificate.as_ref().map(Certificate::server_config).transpose()?;
    let sensing = Sensing::idle();
    let hosts = Arc::new(Hosts::new(store.clone(), sensing.clone(), now));
    let tables = Arc::new(Tables::open(&config.data_dir.join(TABLES))?);
    let places = Places::open(std::mem::take(&mut config.places), Some(config.data_dir.join(PLACES)))?;
    places.troubles().iter().for_each(|trouble| tracing::warn!(%trouble, "database of places"));
    let mut catalog = catalog::of(&lake, &store, &tables, &hosts).with_places(Arc::new(places));
    if config.files {
        catalog = catalog.with_files(Arc::new(captures::rows));
    }
    let engine = Engine::new(Arc::new(catalog), config.engine)?;
    let alerting = Alerting::new(store.clone(), live.clone(), intake.clone(), sensing.clone());
    let arrived = lake.clone();
    let settled = Box::new(move || arrived.settled_until());
    let classes = config.detection.as_ref().map(|detection| detection.classes.clone()).unwrap_or_default();
    let responder =
        Responder::new(store.clone(), config.response, classes, &config.data_dir, hostname.clone());
    let app = Arc::new(App {
        responder,
        notifier: Notifier::new(store.clone(), sealer.clone(), hostname.clone()),
        rules: Runner::new(store.clone(), (engine.clone(), tables.clone()), alerting.clone(), settled),
        following: Following::new(
            config.detection.clone(),
            alerting.clone(),
            Some(logs_dir(&config.data_dir)),
        ),
        receiving,
        alerting,
        store,
        lake: lake.clone(),
        engine,
        tables,
        storing: Arc::new(Storing::default()),
        detecting: Detecting::new(config.detection.is_some()),
        sensing,
        hosts,
        intake: intake.clone(),
        live,
        setup,
        local: Secret::random_with_prefix("vdl_"),
        queries: Queries::default(),
        throttle: Throttle::default(),
        rates: Rates::new(config.limits.key_requests),
        sealer,
        hashing: Semaphore::new(HASHING),
        requests: Arc::new(Semaphore::new(config.limits.requests)),
        self_test: Semaphore::new(1),
        lines: LineCounts::default(),
        counts: HttpCounts::default(),
        certificate,
        address,
        data_dir: config.data_dir,
        limits: config.limits,
        retention: (config.retention_days, config.retention_bytes),
        detection: config.detection.clone(),
        class_troubles,
        started_at: now,
        hostname,
        instance_id,
        stopping: stopping.clone(),
    });
    let storing = tokio::spawn(app.storing.clone().run(lake, intake.clone(), outlets.store));
    let detector = config
        .detection
        .zip(recalled)
        .map(|(detection, recalled)| {
            let (detecting, alerting) = (app.detecting.clone(), app.alerting.clone());
            let (intake, sensing) = (intake.clone(), app.sensing.clone());
            std::thread::Builder::new().name("vedette-detect".to_owned()).spawn(move || {
                detecting.run(detection, recalled, outlets.detector, intake, sensing, alerting)
            })
        })
        .transpose()
        .map_err(ServerError::Thread)?;
    app.sensing.begin(config.sensor, intake);
    let serving =
        tokio::spawn(listener::serve(app.clone(), listener, router(app.clone()), tls, stopping.clone()));
    let writing = receiving::start(&app, receive, &stopping);
    let rules = tokio::spawn(app.rules.clone().run(stopping.clone()));
    let notifier = tokio::spawn(app.notifier.clone().run(stopping.clone()));
    let responding = tokio::spawn(responding::run(app.clone(), stopping.clone()));
    let housekeeping = tokio::spawn(keep_house(app.clone(), stopping));
    tokio::spawn(note_start(app.clone()));
    let parts = Parts { serving, housekeeping, responding, rules, notifier, storing, writing, detector };
    let server = RunningServer { parts: Some(parts), stop, app };
    server.publish()?;
    Ok(server)
}

/// Alerts whose campaigns nobody goes on following do not claim to be active.
fn settle(store: &Store, recalled: Option<&Recalled>) -> Result<(), StateError> {
    let followed = recalled.map(Recalled::open_scans).unwrap_or_default();
    let settled = store.settle_after_restart(&followed, clock::now())?;
    if settled > 0 {
        tracing::info!(settled, "alerts were active when Vedette stopped; they are not followed any more");
    }
    Ok(())
}

struct Parts {
    serving: Task<()>,
    housekeeping: Task<()>,
    responding: Task<()>,
    rules: Task<()>,
    notifier: Task<()>,
    storing: Task<()>,
    writing: Task<()>,
    detector: Option<JoinHandle<()>>,
}
