//! The one table of routes: what there is, who may, and how long it may take.

use super::error::ApiError;
use super::extract::BodyLimit;
use super::guard::{Gate, admit, envelope};
use super::{
    administration, alerts, api_keys, bulk, events, evidence, exclusions, export, incidents, ingest,
    language, library, metrics, notifications, openapi, overview, probes, query, response, retention,
    rule_files, rules, selftest, session, setup, sources, status, tables,
};
use crate::access::Access;
use crate::app::App;
use crate::assets;
use crate::audit;
use axum::Extension;
use axum::Router;
use axum::extract::Request;
use axum::handler::Handler;
use axum::http::{Method, StatusCode};
use axum::middleware::from_fn_with_state;
use axum::routing::{MethodRouter, on};
use std::sync::Arc;
use tower_http::compression::CompressionLayer;
use tower_http::compression::predicate::{NotForContentType, Predicate, SizeAbove};

/// How a request is bounded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Counted among the requests under way, and cut off after a time.
    Plain,
    /// Counted; has bounds of its own on time.
    Long,
    /// Open-ended; has bounds of its own on number.
    Stream,
}

pub struct Route {
    /// The tests compare it with the OpenAPI document.
    #[cfg_attr(not(test), expect(dead_code))]
    pub method: Method,
    /// As in the OpenAPI document.
    pub path: &'static str,
    pub access: Access,
    pub kind: Kind,
    /// What the audit log says of it; `None` for what changes nothing that is administered.
    pub act: Option<audit::Kind>,
    /// It makes something: sent again under the same `Idempotency-Key` it does not make it again.
    once: bool,
    handler: MethodRouter<Arc<App>>,
}

impl Route {
    fn act(self, entity: &'static str, act: &'static str) -> Route {
        Route { act: Some((entity, act)), ..self }
    }

    fn once(self) -> Route {
        Route { once: true, ..self }
    }
}

fn route<T: 'static>(
    method: Method,
    path: &'static str,
    access: Access,
    kind: Kind,
    handler: impl Handler<T, Arc<App>>,
) -> Route {
    let filter = match method {
        Method::POST => axum::routing::MethodFilter::POST,
        Method::PUT => axum::routing::MethodFilter::PUT,
        Method::PATCH => axum::routing::MethodFilter::PATCH,
        Method::DELETE => axum::routing::MethodFilter::DELETE,
        _ => axum::routing::MethodFilter::GET,
    };
    Route { method, path, access, kind, act: None, once: false, handler: on(filter, handler) }
}

/// Every route of the server but the console's files.
pub fn table() -> Vec<Route> {
    let mut all = own();
    all.extend(cortex());
    all
}

/// Whether a path is one of the Cortex API. One client checks its key at the root.
pub fn is_cortex(path: &str) -> bool {
    path.starts_with("/public_api/") || path.starts_with("/api_keys/")
}

/// Those that clients of the Cortex API call.
fn cortex() -> Vec<Route> {
    use super::cortex::{
        alerts, audits, cases, correlations, datasets, endpoints, incidents, insert, issues, system, xql,
    };
    use Access::{Anyone, Ingest, SignedIn, View, Work};
    use Kind::{Long, Plain};
    let post = || Method::POST;
    vec![
        route(post(), "/public_api/v1/xql/start_xql_query", View, Long, xql::start),
        route(post(), "/public_api/v1/xql/get_query_results", View, Long, xql::results),
        route(post(), "/public_api/v1/xql/get_query_results_stream", View, Long, xql::stream),
        route(post(), "/public_api/v1/xql/get_quota", View, Plain, xql::quota),
        route(post(), "/public_api/v1/alerts/get_alerts_multi_events", View, Plain, alerts::multi_events),
        route(
            post(),
            "/public_api/v2/alerts/get_alerts_multi_events",
            View,
            Plain,
            alerts::multi_events_flat,
        ),
        route(post(), "/public_api/v1/alerts/get_alerts", View, Plain, alerts::get_alerts),
        route(post(), "/public_api/v1/alerts/get_alerts_by_filter_data", View, Plain, alerts::by_filter_data),
        route(post(), "/public_api/v1/alerts/get_original_alerts", View, Plain, alerts::originals),
        route(post(), "/public_api/v1/alerts/get_correlation_alert_data", View, Plain, alerts::contributing),
        route(post(), "/public_api/v1/alerts/update_alerts", Work, Plain, alerts::update)
            .act("ALERTS", "Edit"),
        route(post(), "/public_api/v1/alerts/insert_parsed_alerts", Ingest, Plain, insert::parsed)
            .act("ALERTS", "Insert")
            .once(),
        route(post(), "/public_api/v1/alerts/insert_cef_alerts", Ingest, Plain, insert::lines)
            .act("ALERTS", "Insert")
            .once(),
        route(post(), "/public_api/v1/incidents/get_incidents", View, Plain, incidents::list),
        route(post(), "/public_api/v1/incidents/get_incident_extra_data", View, Plain, incidents::extra),
        route(
            post(),
            "/public_api/v1/incidents/get_multiple_incidents_extra_data",
            View,
            Plain,
            incidents::several,
        ),
        route(post(), "/public_api/v1/incidents/update_incident", Work, Plain, incidents::update)
            .act("INCIDENTS", "Edit"),
        route(post(), "/public_api/v1/case/search", View, Plain, cases::search),
        route(post(), "/public_api/v1/case/update/{id}", Work, Plain, cases::update).act("INCIDENTS", "Edit"),
        route(Method::GET, "/public_api/v1/case/artifacts/{id}", View, Plain, cases::artifacts),
        route(post(), "/public_api/v1/issue/search", View, Plain, issues::search),
        route(post(), "/public_api/v1/issue/{id}", Work, Plain, issues::update).act("ALERTS", "Edit"),
        route(post(), "/public_api/v1/xql/get_datasets", View, Plain, datasets::list),
        route(post(), "/public_api/v1/xql/lookups/get_data", View, Plain, datasets::get),
        route(post(), "/public_api/v1/xql/lookups/add_data", Work, Long, datasets::add)
            .act("DATASETS", "Upload")
            .once(),
        route(post(), "/public_api/v1/xql/lookups/remove_data", Work, Long, datasets::remove)
            .act("DATASETS", "Delete"),
        route(Method::GET, "/public_api/v1/healthcheck", Anyone, Plain, system::healthcheck),
        route(post(), "/public_api/v1/system/get_tenant_info", View, Plain, system::tenant),
        route(post(), "/public_api/v1/api_keys/validate", SignedIn, Plain, system::validate),
        route(post(), "/api_keys/validate", SignedIn, Plain, system::validate_at_root),
        route(post(), "/public_api/v1/endpoints/get_endpoint", View, Plain, endpoints::filtered),
        route(post(), "/public_api/v1/endpoints/get_endpoints", View, Plain, endpoints::all),
        route(post(), "/public_api/v1/audits/management_logs", View, Plain, audits::management_logs),
        route(post(), "/public_api/v1/audits/agents_reports", View, Plain, audits::agents_reports),
        route(post(), "/public_api/v1/correlations/get", View, Plain, correlations::get),
        route(post(), "/public_api/v1/correlations/insert", Work, Plain, correlations::insert)
            .act("RULES", "Import")
            .once(),
        route(post(), "/public_api/v1/correlations/delete", Work, Plain, correlations::delete)
            .act("RULES", "Delete"),
    ]
}

fn own() -> Vec<Route> {
    use Access::{Administer, Anyone, Ingest, Metrics, SignedIn, View, Work};
    use Kind::{Long, Plain, Stream};
    let (get, post, patch, delete) = (Method::GET, Method::POST, Method::PATCH, Method::DELETE);
    vec![
        route(get.clone(), "/livez", Anyone, Stream, probes::alive),
        route(get.clone(), "/readyz", Anyone, Plain, probes::ready),
        route(get.clone(), "/metrics", Metrics, Plain, metrics::metrics),
        route(get.clone(), "/api/v1/openapi.json", Anyone, Plain, openapi::document),
        route(get.clone(), "/api/v1/setup", Anyone, Plain, setup::status),
        route(post.clone(), "/api/v1/setup", Anyone, Plain, setup::set_up).act("AUTH", "Setup"),
        route(get.clone(), "/api/v1/session", SignedIn, Plain, session::me),
        route(post.clone(), "/api/v1/session", Anyone, Plain, session::sign_in).act("AUTH", "Login"),
        route(delete.clone(), "/api/v1/session", SignedIn, Plain, session::sign_out).act("AUTH", "Logout"),
        route(post.clone(), "/api/v1/session/password", SignedIn, Plain, session::change_password)
            .act("AUTH", "Password"),
        route(get.clone(), "/api/v1/overview", View, Plain, overview::overview),
        route(get.clone(), "/api/v1/status", View, Plain, status::status),
        route(get.clone(), "/api/v1/alerts", View, Plain, alerts::list),
        route(get.clone(), "/api/v1/alerts/{id}", View, Plain, alerts::show),
        route(patch.clone(), "/api/v1/alerts/{id}", Work, Plain, alerts::edit).act("ALERTS", "Edit"),
        route(get.clone(), "/api/v1/alerts/{id}/comments", View, Plain, alerts::comments),
        route(post.clone(), "/api/v1/alerts/{id}/comments", Work, Plain, alerts::add_comment)
            .act("ALERTS", "Comment")
            .once(),
        route(get.clone(), "/api/v1/alerts/{id}/history", View, Plain, alerts::history),
        route(get.clone(), "/api/v1/alerts/{id}/evidence", View, Plain, evidence::evidence),
        route(get.clone(), "/api/v1/alerts/{id}/capture", View, Plain, evidence::capture),
        route(post.clone(), "/api/v1/alerts/bulk", Work, Long, bulk::edit).act("ALERTS", "Bulk edit").once(),
        route(get.clone(), "/api/v1/alerts/{id}/exclusion", View, Plain, exclusions::suggestion),
        route(get.clone(), "/api/v1/exclusions", View, Plain, exclusions::list),
        route(post.clone(), "/api/v1/exclusions", Work, Long, exclusions::add)
            .act("EXCLUSIONS", "Create")
            .once(),
        route(post.clone(), "/api/v1/exclusions/preview", View, Plain, exclusions::preview),
        route(get.clone(), "/api/v1/exclusions/{id}", View, Plain, exclusions::show),
        route(patch.clone(), "/api/v1/exclusions/{id}", Work, Plain, exclusions::edit)
            .act("EXCLUSIONS", "Edit"),
        route(delete.clone(), "/api/v1/exclusions/{id}", Work, Plain, exclusions::remove)
            .act("EXCLUSIONS", "Delete"),
        route(get.clone(), "/api/v1/retention", View, Plain, retention::show),
        route(patch.clone(), "/api/v1/retention", Administer, Plain, retention::edit)
            .act("RETENTION", "Edit"),
        route(get.clone(), "/api/v1/response", View, Plain, response::show),
        route(patch.clone(), "/api/v1/response", Administer, Long, response::edit).act("RESPONSE", "Edit"),
        route(get.clone(), "/api/v1/response/blocks", View, Plain, response::blocks),
        route(post.clone(), "/api/v1/response/blocks", Work, Long, response::block)
            .act("RESPONSE", "Block")
            .once(),
        route(delete.clone(), "/api/v1/response/blocks/{id}", Work, Long, response::undo)
            .act("RESPONSE", "Undo"),
        route(post.clone(), "/api/v1/response/preview", View, Plain, response::preview),
        route(post.clone(), "/api/v1/response/follow", Ingest, Plain, response::follow),
        route(post.clone(), "/api/v1/response/clear", Administer, Long, response::clear)
            .act("RESPONSE", "Clear"),
        route(get.clone(), "/api/v1/sources/{ip}/explanation", View, Plain, sources::explanation),
        route(get.clone(), "/api/v1/incidents", View, Plain, incidents::list),
        route(get.clone(), "/api/v1/incidents/{id}", View, Plain, incidents::show),
        route(patch.clone(), "/api/v1/incidents/{id}", Work, Plain, incidents::edit).act("INCIDENTS", "Edit"),
        route(get.clone(), "/api/v1/assignees", Work, Plain, administration::assignees),
        route(get.clone(), "/api/v1/events", View, Stream, events::events),
        route(get.clone(), "/api/v1/export/alerts", View, Stream, export::alerts),
        route(get.clone(), "/api/v1/export/events", View, Long, export::events),
        route(post.clone(), "/api/v1/query", View, Long, query::run),
        route(post.clone(), "/api/v1/query/check", View, Plain, query::check),
        route(post.clone(), "/api/v1/query/explain", View, Long, language::explain),
        route(post.clone(), "/api/v1/xql/complete", View, Plain, language::complete),
        route(post.clone(), "/api/v1/xql/hover", View, Plain, language::hover),
        route(get.clone(), "/api/v1/datasets", View, Plain, query::datasets),
        route(post.clone(), "/api/v1/datasets/{name}", Ingest, Long, tables::add),
        route(get.clone(), "/api/v1/tables", View, Plain, tables::list),
        route(delete.clone(), "/api/v1/tables/{name}", Administer, Plain, tables::remove)
            .act("DATASETS", "Delete"),
        route(Method::PUT, "/api/v1/lookups/{name}", Work, Long, tables::put_lookup)
            .act("DATASETS", "Upload"),
        route(get.clone(), "/api/v1/library", View, Plain, library::list),
        route(Method::PUT, "/api/v1/library/{name}", Work, Plain, library::keep).act("QUERY_LIBRARY", "Save"),
        route(delete.clone(), "/api/v1/library/{name}", Work, Plain, library::forget)
            .act("QUERY_LIBRARY", "Delete"),
        route(get.clone(), "/api/v1/models", View, Plain, rule_files::list),
        route(get.clone(), "/api/v1/models/{name}", View, Plain, rule_files::show),
        route(Method::PUT, "/api/v1/models/{name}", Administer, Plain, rule_files::keep)
            .act("PARSING_RULES", "Save"),
        route(post.clone(), "/api/v1/models/{name}/check", View, Plain, rule_files::check),
        route(delete.clone(), "/api/v1/models/{name}", Administer, Plain, rule_files::remove)
            .act("PARSING_RULES", "Delete"),
        route(get.clone(), "/api/v1/rules", View, Plain, rules::list),
        route(post.clone(), "/api/v1/rules", Work, Plain, rules::create).act("RULES", "Create").once(),
        route(post.clone(), "/api/v1/rules/check", View, Plain, rules::check),
        route(post.clone(), "/api/v1/rules/test", Work, Long, rules::test),
        route(get.clone(), "/api/v1/rules/export", View, Plain, rules::export),
        route(post.clone(), "/api/v1/rules/import", Work, Plain, rules::import).act("RULES", "Import"),
        route(get.clone(), "/api/v1/rules/{id}", View, Plain, rules::show),
        route(patch.clone(), "/api/v1/rules/{id}", Work, Plain, rules::edit).act("RULES", "Edit"),
        route(delete.clone(), "/api/v1/rules/{id}", Work, Plain, rules::remove).act("RULES", "Delete"),
        route(post.clone(), "/api/v1/rules/{id}/restore", Work, Plain, rules::restore)
            .act("RULES", "Restore"),
        route(get.clone(), "/api/v1/rules/{id}/runs", View, Plain, rules::runs),
        route(get.clone(), "/api/v1/channels", Administer, Plain, notifications::list),
        route(post.clone(), "/api/v1/channels", Administer, Plain, notifications::add)
            .act("NOTIFICATIONS", "Create")
            .once(),
        route(patch.clone(), "/api/v1/channels/{id}", Administer, Plain, notifications::edit)
            .act("NOTIFICATIONS", "Edit"),
        route(delete.clone(), "/api/v1/channels/{id}", Administer, Plain, notifications::remove)
            .act("NOTIFICATIONS", "Delete"),
        route(post.clone(), "/api/v1/channels/{id}/test", Administer, Long, notifications::test)
            .act("NOTIFICATIONS", "Test"),
        route(get.clone(), "/api/v1/deliveries", Administer, Plain, notifications::deliveries),
        route(post.clone(), "/api/v1/deliveries/{id}/retry", Administer, Plain, notifications::retry)
            .act("NOTIFICATIONS", "Retry"),
        route(post.clone(), "/api/v1/ingest/{source}", Ingest, Long, ingest::ingest),
        route(post.clone(), "/api/v1/selftest", Work, Long, selftest::run),
        route(get.clone(), "/api/v1/users", Administer, Plain, administration::users),
        route(post.clone(), "/api/v1/users", Administer, Plain, administration::add_user)
            .act("USERS", "Create")
            .once(),
        route(patch, "/api/v1/users/{username}", Administer, Plain, administration::change_user)
            .act("USERS", "Edit"),
        route(delete.clone(), "/api/v1/users/{username}", Administer, Plain, administration::remove_user)
            .act("USERS", "Delete"),
        route(get.clone(), "/api/v1/api-keys", Administer, Plain, api_keys::keys),
        route(post.clone(), "/api/v1/api-keys", Administer, Plain, api_keys::add_key)
            .act("API_KEYS", "Create")
            .once(),
        route(post.clone(), "/api/v1/api-keys/{id}/rotate", Administer, Plain, api_keys::rotate_key)
            .act("API_KEYS", "Rotate")
            .once(),
        route(delete.clone(), "/api/v1/api-keys/{id}", Administer, Plain, api_keys::revoke_key)
            .act("API_KEYS", "Delete"),
        route(get, "/api/v1/tokens", Administer, Plain, administration::tokens),
        route(post, "/api/v1/tokens", Administer, Plain, administration::add_token)
            .act("TOKENS", "Create")
            .once(),
        route(delete, "/api/v1/tokens/{id}", Administer, Plain, administration::revoke_token)
            .act("TOKENS", "Delete"),
    ]
}

/// Everything the server answers.
pub fn router(app: Arc<App>) -> Router {
    let mut router = Router::new();
    for route in table() {
        let gate = Gate {
            app: app.clone(),
            path: route.path,
            access: route.access,
            kind: route.kind,
            act: route.act,
            once: route.once,
        };
        let handler = route.handler.layer(from_fn_with_state(gate, admit));
        if is_cortex(route.path) {
            // Half of the clients send the slash at the end.
            router = router.route(&format!("{}/", route.path), handler.clone());
        }
        router = router.route(route.path, handler);
    }
    // Streams are flushed event by event, Parquet and Arrow gain nothing.
    let worth = SizeAbove::new(1024)
        .and(NotForContentType::new("text/event-stream"))
        .and(NotForContentType::new("application/x-ndjson"))
        // Clients of the Cortex API unpack a stream themselves: it must not be packed twice.
        .and(NotForContentType::new("application/octet-stream"))
        .and(NotForContentType::new("application/vnd.apache"))
        .and(NotForContentType::new("image/png"))
        .and(NotForContentType::new("font/"));
    router
        .method_not_allowed_fallback(wrong_method)
        .fallback(anything_else)
        .with_state(app.clone())
        .layer(Extension(BodyLimit(app.limits.body)))
        .layer(CompressionLayer::new().gzip(true).compress_when(worth))
        .layer(from_fn_with_state(app, envelope))
}

async fn wrong_method() -> ApiError {
    let message = "This path does not take this method.";
    ApiError::new(StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed", message)
        .help("`GET /api/v1/openapi.json` describes the API.")
}

async fn anything_else(request: Request) -> axum::response::Response {
    use axum::response::IntoResponse;
    let path = request.uri().path();
    if path.starts_with("/public_api/") {
        let path: String = path.chars().take(200).collect();
        return ApiError::not_found(format!("Vedette does not have the call {path} of the Cortex API."))
            .help("`GET /api/v1/openapi.json` lists those it has.")
            .into_response();
    }
    if path.starts_with("/api/") {
        return ApiError::not_found("There is no such path in the API.")
            .help("`GET /api/v1/openapi.json` describes the API.")
            .into_response();
    }
    if !matches!(*request.method(), Method::GET | Method::HEAD) {
        return wrong_method().await.into_response();
    }
    assets::serve(request.uri().path(), request.headers())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use axum::response::IntoResponse;
    use std::collections::BTreeSet;

    /// What changes something is an act, or stands here with its reason.
    #[test]
    fn every_change_is_in_the_audit_log() {
        let unlogged = [
            // Rows, counted where they go.
            "/api/v1/ingest/{source}",
            "/api/v1/datasets/{name}",
            // Its alert says who and when.
            "/api/v1/selftest",
            // What it changes is told in words of its own.
            "/api/v1/response/follow",
            // Tried, and nothing kept.
            "/api/v1/rules/test",
        ];
        for route in table() {
            // What viewers may send with a body reads.
            let reads = matches!(route.access, Access::View | Access::SignedIn) && is_cortex(route.path);
            let reads = reads || route.method == Method::GET || route.access == Access::View;
            let reads = reads || unlogged.contains(&route.path);
            assert_eq!(route.act.is_none(), reads, "{} {}", route.method, route.path);
        }
    }

    #[tokio::test]
    async fn the_openapi_document_lists_exactly_the_routes() {
        let document = openapi::document().await.into_response();
        let bytes = axum::body::to_bytes(document.into_body(), 1 << 22).await.unwrap();
        let document: serde_json::Value = serde_json::from_slice(&bytes).unwrap();
        let mut documented = BTreeSet::new();
        for (path, methods) in document["paths"].as_object().unwrap() {
            for method in methods.as_object().unwrap().keys() {
                documented.insert(format!("{} {path}", method.to_uppercase()));
            }
        }
        let routes: BTreeSet<String> =
            table().iter().map(|route| format!("{} {}", route.method, route.path)).collect();
        assert_eq!(documented, routes);
    }
}
