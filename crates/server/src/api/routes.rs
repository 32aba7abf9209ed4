//! The one table of routes: what there is, who may, and how long it may take.

use super::error::ApiError;
use super::extract::BodyLimit;
use super::guard::{admit, envelope};
use super::{
    administration, alerts, events, evidence, ingest, language, library, metrics, openapi, overview, probes,
    query, rules, selftest, session, setup, sources, status, tables,
};
use crate::access::Access;
use crate::app::App;
use crate::assets;
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
    handler: MethodRouter<Arc<App>>,
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
    Route { method, path, access, kind, handler: on(filter, handler) }
}

/// Every route of the server but the console's files.
pub fn table() -> Vec<Route> {
    use Access::{Administer, Anyone, Ingest, Metrics, SignedIn, View, Work};
    use Kind::{Long, Plain, Stream};
    let (get, post, patch, delete) = (Method::GET, Method::POST, Method::PATCH, Method::DELETE);
    vec![
        route(get.clone(), "/livez", Anyone, Stream, probes::alive),
        route(get.clone(), "/readyz", Anyone, Plain, probes::ready),
        route(get.clone(), "/metrics", Metrics, Plain, metrics::metrics),
        route(get.clone(), "/api/v1/openapi.json", Anyone, Plain, openapi::document),
        route(get.clone(), "/api/v1/setup", Anyone, Plain, setup::status),
        route(post.clone(), "/api/v1/setup", Anyone, Plain, setup::set_up),
        route(get.clone(), "/api/v1/session", SignedIn, Plain, session::me),
        route(post.clone(), "/api/v1/session", Anyone, Plain, session::sign_in),
        route(delete.clone(), "/api/v1/session", SignedIn, Plain, session::sign_out),
        route(post.clone(), "/api/v1/session/password", SignedIn, Plain, session::change_password),
        route(get.clone(), "/api/v1/overview", View, Plain, overview::overview),
        route(get.clone(), "/api/v1/status", View, Plain, status::status),
        route(get.clone(), "/api/v1/alerts", View, Plain, alerts::list),
        route(get.clone(), "/api/v1/alerts/{id}", View, Plain, alerts::show),
        route(patch.clone(), "/api/v1/alerts/{id}", Work, Plain, alerts::edit),
        route(get.clone(), "/api/v1/alerts/{id}/comments", View, Plain, alerts::comments),
        route(post.clone(), "/api/v1/alerts/{id}/comments", Work, Plain, alerts::add_comment),
        route(get.clone(), "/api/v1/alerts/{id}/history", View, Plain, alerts::history),
        route(get.clone(), "/api/v1/alerts/{id}/evidence", View, Plain, evidence::evidence),
        route(get.clone(), "/api/v1/alerts/{id}/capture", View, Plain, evidence::capture),
        route(get.clone(), "/api/v1/sources/{ip}/explanation", View, Plain, sources::explanation),
        route(get.clone(), "/api/v1/assignees", Work, Plain, administration::assignees),
        route(get.clone(), "/api/v1/events", View, Stream, events::events),
        route(post.clone(), "/api/v1/query", View, Long, query::run),
        route(post.clone(), "/api/v1/query/check", View, Plain, query::check),
        route(post.clone(), "/api/v1/query/explain", View, Long, language::explain),
        route(post.clone(), "/api/v1/xql/complete", View, Plain, language::complete),
        route(post.clone(), "/api/v1/xql/hover", View, Plain, language::hover),
        route(get.clone(), "/api/v1/datasets", View, Plain, query::datasets),
        route(post.clone(), "/api/v1/datasets/{name}", Ingest, Long, tables::add),
        route(get.clone(), "/api/v1/tables", View, Plain, tables::list),
        route(delete.clone(), "/api/v1/tables/{name}", Administer, Plain, tables::remove),
        route(Method::PUT, "/api/v1/lookups/{name}", Work, Long, tables::put_lookup),
        route(get.clone(), "/api/v1/library", View, Plain, library::list),
        route(Method::PUT, "/api/v1/library/{name}", Work, Plain, library::keep),
        route(delete.clone(), "/api/v1/library/{name}", Work, Plain, library::forget),
        route(get.clone(), "/api/v1/rules", View, Plain, rules::list),
        route(post.clone(), "/api/v1/rules", Work, Plain, rules::create),
        route(post.clone(), "/api/v1/rules/check", View, Plain, rules::check),
        route(post.clone(), "/api/v1/rules/test", Work, Long, rules::test),
        route(get.clone(), "/api/v1/rules/export", View, Plain, rules::export),
        route(post.clone(), "/api/v1/rules/import", Work, Plain, rules::import),
        route(get.clone(), "/api/v1/rules/{id}", View, Plain, rules::show),
        route(patch.clone(), "/api/v1/rules/{id}", Work, Plain, rules::edit),
        route(delete.clone(), "/api/v1/rules/{id}", Work, Plain, rules::remove),
        route(post.clone(), "/api/v1/rules/{id}/restore", Work, Plain, rules::restore),
        route(get.clone(), "/api/v1/rules/{id}/runs", View, Plain, rules::runs),
        route(post.clone(), "/api/v1/ingest/{source}", Ingest, Long, ingest::ingest),
        route(post.clone(), "/api/v1/selftest", Work, Long, selftest::run),
        route(get.clone(), "/api/v1/users", Administer, Plain, administration::users),
        route(post.clone(), "/api/v1/users", Administer, Plain, administration::add_user),
        route(patch, "/api/v1/users/{username}", Administer, Plain, administration::change_user),
        route(delete.clone(), "/api/v1/users/{username}", Administer, Plain, administration::remove_user),
        route(get, "/api/v1/tokens", Administer, Plain, administration::tokens),
        route(post, "/api/v1/tokens", Administer, Plain, administration::add_token),
        route(delete, "/api/v1/tokens/{id}", Administer, Plain, administration::revoke_token),
    ]
}

/// Everything the server answers.
pub fn router(app: Arc<App>) -> Router {
    let mut router = Router::new();
    for route in table() {
        let layer = from_fn_with_state((app.clone(), route.access, route.kind), admit);
        router = router.route(route.path, route.handler.layer(layer));
    }
    // Streams are flushed event by event, Parquet and Arrow gain nothing.
    let worth = SizeAbove::new(1024)
        .and(NotForContentType::new("text/event-stream"))
        .and(NotForContentType::new("application/x-ndjson"))
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
    if request.uri().path().starts_with("/api/") {
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
