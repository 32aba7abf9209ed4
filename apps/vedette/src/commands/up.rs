//! `vedette up`: server, sensor and console on this machine, until it is told to stop.

use crate::args::UpArgs;
use crate::client::Client;
use crate::data_dir;
use crate::failure::Failure;
use std::time::Duration;
use tokio::signal::unix::{SignalKind, signal};
use vedette_detect::Config as DetectorConfig;
use vedette_sensor::{Sensor, SensorConfig, privilege};
use vedette_server::{AskedFor, ReceivingConfig, RunningServer, SensorInput, Server, ServerConfig};

pub fn run(args: &UpArgs) -> Result<u8, Failure> {
    let dir = data_dir::resolve(args.data_dir.clone());
    let asked = &args.receiving;
    let receiving = ReceivingConfig::of(AskedFor {
        syslog: asked.syslog.clone(),
        syslog_tls: asked.syslog_tls.clone(),
        netflow: asked.netflow.clone(),
        from: asked.logs_from.clone(),
        zone: asked.logs_timezone.clone(),
    });
    let mut config = ServerConfig::new(dir);
    config.listen = args.listen;
    config.receiving = receiving.map_err(Failure::Usage)?;
    config.response = args.response;
    config.places = args.places.clone();
    config.detection = Some(DetectorConfig {
        sensitivity: args.sensitivity.into(),
        memory: (args.detector_memory as usize) << 20,
        ..DetectorConfig::default()
    });
    serve(config, !args.no_sensor, None)
}

/// Runs until SIGINT or SIGTERM. `replay` is a capture to replay as if it happened now.
pub fn serve(mut config: ServerConfig, sensor: bool, replay: Option<&'static [u8]>) -> Result<u8, Failure> {
    super::log::start();
    // Order matters: the socket while this is the only thread, then the rights go, then threads.
    config.sensor = open_sensor(sensor);
    let needs = if config.response { &privilege::RESPONDER_NEEDS[..] } else { &privilege::SERVER_NEEDS[..] };
    if let Err(error) = privilege::give_up_all_but(needs) {
        return Err(Failure::Ours(format!("cannot give up rights after opening the sensor: {error}")));
    }
    super::runtime()?.block_on(async {
        let server = Server::start(config).await.map_err(|error| Failure::Ours(error.to_string()))?;
        welcome(&server).await;
        if let Some(capture) = replay {
            let told =
                server.replay_capture(capture).await.map_err(|error| Failure::Ours(error.to_string()))?;
            println!("Replayed a recorded scan of {} packets. What Vedette says of it:", told.packets);
            let client = Client::of(&server.local())?;
            // The client blocks, and the server it asks runs on these threads.
            let shown = tokio::task::spawn_blocking(move || super::alerts::show_first(&client)).await;
            shown.map_err(|error| Failure::Ours(error.to_string()))??;
            println!("It is in the console too. Press Ctrl-C to end the demo.");
        }
        wait_for_signal().await?;
        eprintln!("Stopping: what is acknowledged is already on disk.");
        server.stop().await.map_err(|error| Failure::Ours(error.to_string()))?;
        Ok(0)
    })
}

fn open_sensor(wanted: bool) -> SensorInput {
    if !wanted {
        let help = Some("start without --no-sensor".to_owned());
        return SensorInput::Off { reason: "switched off with --no-sensor".to_owned(), help };
    }
    SensorInput::from(Sensor::open(SensorConfig::default()))
}

async fn welcome(server: &RunningServer) {
    println!("Vedette is running: {}", server.url());
    if let Some(link) = server.setup_link() {
        println!("Set it up (this link works once, for 24 hours): {link}");
    }
    if let Some((file, fingerprint)) = server.authority() {
        println!("Certificate authority: {} (SHA-256 {fingerprint})", file.display());
    }
    match server.sensor_trouble() {
        None => println!("Sensor: watching {}", interfaces(server).await.join(", ")),
        Some((reason, help)) => {
            println!("Sensor: OFF, scans of this host are not seen: {reason}");
            if let Some(help) = help {
                println!("  {help}");
            }
        }
    }
    for (kind, address) in server.receivers() {
        println!("Receiving logs: {kind} on {address}");
    }
    let (days, bytes) = server.retention();
    println!("Data is kept {days} days, at most {} GB.", bytes / 1_000_000_000);
}

/// The sensor lists its interfaces just after it starts.
async fn interfaces(server: &RunningServer) -> Vec<String> {
    for _ in 0..20 {
        let names = server.interfaces();
        if !names.is_empty() {
            return names;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    vec!["no interface".to_owned()]
}

async fn wait_for_signal() -> Result<(), Failure> {
    let listen =
        |kind| signal(kind).map_err(|error| Failure::Ours(format!("cannot wait for signals: {error}")));
    let (mut interrupt, mut terminate) = (listen(SignalKind::interrupt())?, listen(SignalKind::terminate())?);
    tokio::select! {
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
    }
    Ok(())
}
