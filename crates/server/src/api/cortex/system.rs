//! What clients ask before they begin: whether the server is there, whether the key is good, whose it is.

use super::request::Data;
use super::{Reply, reply};
use crate::api::error::ApiError;
use crate::app::App;
use axum::Json;
use axum::extract::State;
use serde_json::{Value, json};
use std::sync::Arc;

/// Whether the server is there. No key is needed, and nothing is told but that.
#[utoipa::path(get, path = "/public_api/v1/healthcheck", tag = "cortex", responses((status = 200, body = Object)))]
pub async fn healthcheck() -> Json<Value> {
    Json(json!({"status": "available"}))
}

/// Whether the key is good: it got here.
#[utoipa::path(post, path = "/public_api/v1/api_keys/validate", tag = "cortex", request_body = Object,
    responses((status = 200, body = Object)))]
pub async fn validate(_: Data) -> Reply {
    reply(json!(true))
}

/// The same where one client looks for it.
#[utoipa::path(post, path = "/api_keys/validate", tag = "cortex", request_body = Object,
    responses((status = 200, body = Object)))]
pub async fn validate_at_root(_: Data) -> Reply {
    reply(json!(true))
}

/// What would be a licence: there is none to buy, and nothing expires.
#[utoipa::path(post, path = "/public_api/v1/system/get_tenant_info", tag = "cortex", request_body = Object,
    responses((status = 200, body = Object)))]
pub async fn tenant(State(app): State<Arc<App>>, _: Data) -> Result<Reply, ApiError> {
    let hosts = tokio::task::spawn_blocking({
        let app = app.clone();
        move || app.hosts.all()
    })
    .await
    .map_err(|error| ApiError::internal(format!("listing hosts: {error}")))??;
    let count = hosts.len();
    Ok(reply(json!({
        "tenant_id": app.instance_id,
        "tenant_name": app.hostname,
        "product": "Vedette",
        "product_version": env!("CARGO_PKG_VERSION"),
        "pro_per_endpoint_expiration": 0,
        "purchased_pro_per_endpoint": {"agents": 0},
        "data_enabled_pro_per_endpoint": count,
        "prevent_expiration": 0,
        "purchased_prevent": 0,
        "installed_prevent": count,
        "pro_tb_expiration": 0,
        "purchased_pro_tb": {"tb": 0},
        "installed_pro_tb": 0,
    })))
}
