//! Hosts with a sensor.

use super::request::{Data, Filter};
use super::{Reply, paged, reply};
use crate::api::error::ApiError;
use crate::app::App;
use axum::extract::State;
use serde_json::{Value, json};
use std::sync::Arc;
use vedette_event::Time;
use vedette_event::datasets::endpoints::Endpoint;

const FIELDS: &str = "endpoint_id_list, endpoint_status, hostname, alias, ip_list, public_ip_list, platform, \
     group_name, dist_name, username, isolate, scan_status, first_seen and last_seen";

async fn hosts(app: Arc<App>) -> Result<Vec<Endpoint>, ApiError> {
    let found = tokio::task::spawn_blocking(move || app.hosts.all()).await;
    Ok(found.map_err(|error| ApiError::internal(format!("listing hosts: {error}")))??)
}

/// Hosts that pass the filters, page by page.
#[utoipa::path(post, path = "/public_api/v1/endpoints/get_endpoint", tag = "cortex", request_body = Object,
    responses((status = 200, body = Object), (status = 400, body = Object)))]
pub async fn filtered(State(app): State<Arc<App>>, data: Data) -> Result<Reply, ApiError> {
    let (filters, page) = (data.filters()?, data.page()?);
    let (sort, descending) = data.sort(&["last_seen", "first_seen", "endpoint_id"])?;
    let mut found = Vec::new();
    for host in hosts(app).await? {
        let mut passes = true;
        for filter in &filters {
            passes &= fits(filter, &host)?;
        }
        if passes {
            found.push(host);
        }
    }
    match sort {
        "first_seen" => found.sort_by_key(|host| host.first_seen),
        "last_seen" => found.sort_by_key(|host| host.last_seen),
        _ => found.sort_by(|a, b| a.id.cmp(&b.id)),
    }
    if descending {
        found.reverse();
    }
    let total = found.len();
    let shown: Vec<Value> = page.of(found).iter().map(whole).collect();
    Ok(paged(total, "endpoints", shown))
}

/// All hosts, a few words each.
#[utoipa::path(post, path = "/public_api/v1/endpoints/get_endpoints", tag = "cortex", request_body = Object,
    responses((status = 200, body = Object)))]
pub async fn all(State(app): State<Arc<App>>, _: Data) -> Result<Reply, ApiError> {
    let hosts = hosts(app).await?;
    let light = |host: &Endpoint| {
        json!({
            "agent_id": host.id,
            "agent_status": host.status,
            "host_name": host.name,
            "agent_type": "Server",
            "ip": addresses(host),
        })
    };
    Ok(reply(hosts.iter().map(light).collect()))
}

fn fits(filter: &Filter, host: &Endpoint) -> Result<bool, ApiError> {
    let has = |values: &[&str]| -> Result<bool, ApiError> {
        filter.one_of(&["in", "eq"])?;
        let wanted = filter.texts()?;
        Ok(wanted.iter().any(|wanted| values.iter().any(|value| value.eq_ignore_ascii_case(wanted))))
    };
    let platform = host.os_type.trim_start_matches("AGENT_OS_");
    match filter.field.as_str() {
        "endpoint_id_list" | "endpoint_id" => has(&[&host.id]),
        "endpoint_status" | "status" => has(&[host.status]),
        "hostname" | "endpoint_name" => has(&[&host.name]),
        "ip_list" => has(&addresses(host).iter().map(String::as_str).collect::<Vec<_>>()),
        "platform" => has(&[platform, host.os_type]),
        "isolate" => has(&["unisolated", "AGENT_UNISOLATED"]),
        "scan_status" => has(&["none", "SCAN_STATUS_NONE"]),
        // Known to clients, and empty here.
        "alias" | "public_ip_list" | "group_name" | "dist_name" | "username" | "cloud_provider" => has(&[""]),
        "first_seen" => filter.passes(host.first_seen),
        "last_seen" => filter.passes(host.last_seen),
        _ => Err(filter.unknown(FIELDS)),
    }
}

fn addresses(host: &Endpoint) -> Vec<String> {
    host.ipv4.iter().chain(&host.ipv6).cloned().collect()
}

fn milliseconds(time: Time) -> i64 {
    time.0.div_euclid(1000)
}

fn whole(host: &Endpoint) -> Value {
    json!({
        "endpoint_id": host.id,
        "endpoint_name": host.name,
        "endpoint_type": "AGENT_TYPE_SERVER",
        "endpoint_status": host.status,
        "os_type": host.os_type,
        "os_version": null,
        "operating_system": host.operating_system,
        "ip": host.ipv4,
        "ipv6": host.ipv6,
        "public_ip": null,
        "mac_address": host.mac,
        "users": [],
        "domain": "",
        "alias": "",
        "first_seen": milliseconds(host.first_seen),
        "last_seen": milliseconds(host.last_seen),
        "install_date": milliseconds(host.first_seen),
        "installation_package": "vedette",
        "content_version": host.version,
        "endpoint_version": host.version,
        "active_directory": null,
        "is_isolated": "AGENT_UNISOLATED",
        "isolated_date": null,
        "group_name": [],
        "operational_status": host.operational_status,
        "operational_status_description": host.operational_reason,
        "scan_status": "SCAN_STATUS_NONE",
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn fits(field: &str, operator: &str, value: Value) -> Result<bool, ApiError> {
        let host = Endpoint {
            id: "abc".into(),
            name: "Web-1".into(),
            status: "CONNECTED",
            os_type: "AGENT_OS_LINUX",
            ipv4: vec!["10.0.0.5".into()],
            last_seen: Time(5_000_000),
            ..Endpoint::default()
        };
        let data = Data(json!({"filters": [{"field": field, "operator": operator, "value": value}]}));
        super::fits(&data.filters().unwrap()[0], &host)
    }

    #[test]
    fn filters_are_those_that_clients_send() {
        for (field, value) in [
            ("endpoint_id_list", json!(["x", "abc"])),
            ("endpoint_status", json!(["connected"])),
            ("hostname", json!("web-1")),
            ("ip_list", json!(["10.0.0.5"])),
            ("platform", json!(["linux"])),
            ("isolate", json!(["unisolated"])),
        ] {
            assert!(fits(field, "in", value).unwrap(), "{field}");
            assert!(!fits(field, "in", json!(["none such"])).unwrap(), "{field}");
        }
        assert!(fits("last_seen", "gte", json!(5000)).unwrap());
        assert!(!fits("last_seen", "lte", json!("4999")).unwrap());
        assert!(!fits("group_name", "in", json!(["servers"])).unwrap());
        assert!(fits("shoe_size", "in", json!([1])).is_err());
        assert!(fits("hostname", "contains", json!(["x"])).is_err());
    }
}
