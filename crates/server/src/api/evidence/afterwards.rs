//! What became of the ports that a scanner found open: connections that used them afterwards, by the
//! same source or another.

use super::{LONGEST, moment, one_of};
use crate::api::error::ApiError;
use crate::api::query::query_error;
use crate::app::App;
use crate::clock;
use serde::Serialize;
use std::collections::HashMap;
use std::net::IpAddr;
use utoipa::ToSchema;
use vedette_engine::{QueryLimits, QueryOptions};
use vedette_event::{Detection, Time, Value};

/// Open services that are looked for, and rows of the answer.
const SERVICES: usize = 50;
const ROWS: u64 = 200;

#[derive(Serialize, ToSchema)]
pub struct Afterwards {
    /// Finds them; can be changed and run again.
    xql: String,
    /// One for each source and service, the earliest first, at most 200.
    connections: Vec<Connection>,
}

/// Connections of one source to one service that was found open.
#[derive(Serialize, ToSchema)]
pub struct Connection {
    source_ip: Option<String>,
    /// It is the scanner itself.
    scanner: bool,
    target_ip: Option<String>,
    target_port: Option<i64>,
    connections: i64,
    /// Payload bytes that the service sent and received.
    bytes_sent: i64,
    bytes_received: i64,
    #[schema(value_type = Option<String>, format = DateTime)]
    first_seen: Option<Time>,
    #[schema(value_type = Option<String>, format = DateTime)]
    last_seen: Option<Time>,
}

/// `None` where nothing was found open.
pub async fn of(app: &App, detection: &Detection) -> Result<Option<Afterwards>, ApiError> {
    let now = clock::now();
    let Some(xql) = xql(detection, now) else { return Ok(None) };
    let mut options = QueryOptions::at(now);
    options.limits = QueryLimits { rows: Some(ROWS), runtime: Some(LONGEST), ..QueryLimits::default() };
    let result = app.engine.run(&xql, options).await.map_err(|error| query_error(&xql, error))?;
    let columns = result.columns().iter().enumerate();
    let place: HashMap<String, usize> = columns.map(|(index, column)| (column.name.clone(), index)).collect();
    let connections = result.rows().map(|row| read(&row, &place, detection)).collect();
    Ok(Some(Afterwards { xql, connections }))
}

fn read(row: &vedette_event::Row, place: &HashMap<String, usize>, detection: &Detection) -> Connection {
    let cell = |name: &str| place.get(name).and_then(|index| row.get(*index));
    let int = |name: &str| match cell(name) {
        Some(Value::Int(number)) => Some(*number),
        Some(Value::Float(number)) => Some(*number as i64),
        _ => None,
    };
    let text = |name: &str| match cell(name) {
        Some(Value::Str(text)) => Some(text.to_string()),
        _ => None,
    };
    let time = |name: &str| match cell(name) {
        Some(Value::Time(time)) => Some(*time),
        _ => None,
    };
    let source = text("source_ip");
    let address: Option<IpAddr> = source.as_deref().and_then(|text| text.parse().ok());
    let everybody = detection.source_ips.iter().chain(&detection.candidate_ips);
    Connection {
        scanner: everybody.into_iter().any(|known| Some(*known) == address),
        source_ip: source,
        target_ip: text("target_ip"),
        target_port: int("target_port"),
        connections: int("connections").unwrap_or(0),
        bytes_sent: int("sent").unwrap_or(0),
        bytes_received: int("received").unwrap_or(0),
        first_seen: time("first_seen"),
        last_seen: time("last_seen"),
    }
}

fn xql(detection: &Detection, now: Time) -> Option<String> {
    let services = detection.open_services.get(..SERVICES).unwrap_or(&detection.open_services);
    let mut hosts: Vec<IpAddr> = services.iter().map(|service| service.host).collect();
    let mut ports: Vec<u16> = services.iter().map(|service| service.port).collect();
    hosts.dedup();
    ports.sort_unstable();
    ports.dedup();
    let hosts = one_of("target_ip", &hosts, false)?;
    let ports: Vec<String> = ports.iter().map(u16::to_string).collect();
    Some(format!(
        "config timeframe between \"{}\" and \"{}\"\n| dataset = xdr_data\n| filter event_sub_type = \"DISCONNECT\" \
         and handshake_completed = true\n    and {hosts} and target_port in ({})\n| comp count() as connections, \
         sum(action_upload) as sent, sum(action_download) as received, min(_time) as first_seen, max(_time) as last_seen \
         by source_ip, target_ip, target_port\n| sort asc first_seen",
        moment(detection.detected_at),
        moment(now.plus(1_000_000)),
        ports.join(", ")
    ))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::state::tests::detection;
    use vedette_event::OpenPort;

    #[test]
    fn the_query_is_valid_and_there_is_none_without_open_ports() {
        let mut campaign = detection("c1");
        assert_eq!(xql(&campaign, Time(5)), None);
        for port in [80, 22] {
            let host = "10.0.0.5".parse().unwrap();
            campaign.open_services.push(OpenPort { host, port, protocol: 6 });
        }
        let text = xql(&campaign, Time(5_000_000)).unwrap();
        assert_eq!(vedette_xql::check(&text), [], "{text}");
        assert!(text.contains("target_ip = \"10.0.0.5\" and target_port in (22, 80)"), "{text}");
    }
}
