//! The OpenAPI document of the API. A test compares it with the table of routes.

use super::cortex::{
    alerts as cortex_alerts, audits, cases, correlations, datasets, endpoints, incidents as cortex_incidents,
    insert, issues, system, xql,
};
use super::{
    administration, alerts, api_keys, bulk, events, evidence, exclusions, export, incidents, ingest,
    language, library, metrics, notifications, overview, probes, query, response, retention, rule_files,
    rules, selftest, session, setup, sources, status, tables,
};
use axum::Json as Answer;
use utoipa::openapi::security::{ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::{Modify, OpenApi};

#[derive(OpenApi)]
#[openapi(
    info(title = "Vedette", description = "An open XDR: alerts, queries and ingest over HTTP."),
    paths(
        setup::status, setup::set_up,
        session::me, session::sign_in, session::sign_out, session::change_password,
        overview::overview, status::status, probes::alive, probes::ready, metrics::metrics, document,
        alerts::list, alerts::show, alerts::edit, alerts::comments, alerts::add_comment, alerts::history,
        bulk::edit, exclusions::list, exclusions::add, exclusions::preview, exclusions::show, exclusions::edit,
        exclusions::remove, exclusions::suggestion, retention::show, retention::edit, response::show, response::edit, response::blocks, response::preview,
        response::block, response::undo, response::clear, response::follow,
        evidence::evidence, evidence::capture, sources::explanation, events::events,
        export::alerts, export::events,
        query::run, query::check, query::datasets,
        tables::list, tables::add, tables::put_lookup, tables::remove,
        library::list, library::keep, library::forget,
        rule_files::list, rule_files::show, rule_files::keep, rule_files::check, rule_files::remove,
        language::complete, language::hover, language::explain,
        rules::list, rules::create, rules::check, rules::test, rules::export, rules::import,
        rules::show, rules::edit, rules::remove, rules::restore, rules::runs,
        notifications::list, notifications::add, notifications::edit, notifications::remove,
        notifications::test, notifications::deliveries, notifications::retry,
        ingest::ingest, selftest::run,
        administration::assignees, administration::users, administration::add_user,
        administration::change_user, administration::remove_user,
        administration::tokens, administration::add_token, administration::revoke_token,
        api_keys::keys, api_keys::add_key, api_keys::rotate_key, api_keys::revoke_key,
        incidents::list, incidents::show, incidents::edit,
        xql::start, xql::results, xql::stream, xql::quota,
        cortex_alerts::multi_events, cortex_alerts::multi_events_flat, cortex_alerts::get_alerts,
        cortex_alerts::by_filter_data, cortex_alerts::originals, cortex_alerts::update,
        cortex_alerts::contributing, insert::parsed, insert::lines,
        cases::search, cases::update, cases::artifacts, issues::search, issues::update,
        datasets::list, datasets::get, datasets::add, datasets::remove,
        system::healthcheck, system::validate, system::validate_at_root, system::tenant,
        cortex_incidents::list, cortex_incidents::extra, cortex_incidents::several, cortex_incidents::update,
        endpoints::filtered, endpoints::all, audits::management_logs, audits::agents_reports,
        correlations::get, correlations::insert, correlations::delete,
    ),
    components(schemas(super::error::ErrorBody)),
    modifiers(&Security),
    security(("session" = []), ("token" = []), ("key" = [], "key_id" = [])),
)]
pub struct Document;

struct Security;

impl Modify for Security {
    fn modify(&self, document: &mut utoipa::openapi::OpenApi) {
        let components = document.components.get_or_insert_default();
        let cookie = ApiKey::Cookie(ApiKeyValue::with_description(
            super::guard::COOKIE,
            "Set by signing in. Requests other than GET also need the header `X-Vedette-Request: 1`.",
        ));
        components.add_security_scheme("session", SecurityScheme::ApiKey(cookie));
        let bearer =
            HttpBuilder::new().scheme(HttpAuthScheme::Bearer).description(Some("An API token: `vdt_…`."));
        components.add_security_scheme("token", SecurityScheme::Http(bearer.build()));
        let header = |name: &str, about: &str| {
            SecurityScheme::ApiKey(ApiKey::Header(ApiKeyValue::with_description(name, about)))
        };
        let key = "An API key. A standard one is sent as it is; of an advanced one the SHA-256, in hexadecimal, \
                   of key, `x-xdr-nonce` and `x-xdr-timestamp` (milliseconds) one after the other.";
        components.add_security_scheme("key", header("Authorization", key));
        components.add_security_scheme("key_id", header("x-xdr-auth-id", "The number of the API key."));
    }
}

/// This document.
#[utoipa::path(get, path = "/api/v1/openapi.json", tag = "status", responses((status = 200, body = Object)))]
pub async fn document() -> Answer<utoipa::openapi::OpenApi> {
    Answer(Document::openapi())
}
