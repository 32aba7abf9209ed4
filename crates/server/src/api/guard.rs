//! What every request passes: a number of its own, headers, bounds, the host it names, who it
//! comes from, whether a foreign page sent it, and whether its role allows it.

use super::error::{ApiError, DIALECT, Dialect, ErrorCode, REQUEST_ID};
use super::routes::Kind;
use super::{identity, once};
use crate::access::{Access, Identity, IdentityKind};
use crate::app::App;
use crate::audit;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::Ordering;

/// The name of the session cookie.
pub const COOKIE: &str = "vedette_session";
/// The header that a foreign page cannot send.
pub const CSRF_HEADER: &str = "x-vedette-request";

/// Where a request comes from.
#[derive(Clone, Copy, Debug)]
pub struct Peer(pub SocketAddr);

/// What a page may do; `'nonce'` is put in for the console's page (see `assets`).
pub const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; connect-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";

/// The outermost layer: a number for the request, headers for the answer, counters, panics.
pub async fn envelope(State(app): State<Arc<App>>, request: Request, next: Next) -> Response {
    let id = uuid::Uuid::now_v7().to_string();
    app.counts.requests.fetch_add(1, Ordering::Relaxed);
    let cortex = super::routes::is_cortex(request.uri().path());
    let api = cortex || request.uri().path().starts_with("/api/");
    let dialect = if cortex { Dialect::Cortex } else { Dialect::Vedette };
    let (method, path) = (request.method().clone(), request.uri().path().to_owned());
    let begin = std::time::Instant::now();
    let answer = answer(app.clone(), request, next);
    let answer = REQUEST_ID.scope(id.clone(), DIALECT.scope(dialect, answer)).await;
    let mut answer = hardened(answer, &id, api, app.is_tls());
    match answer.status() {
        status if status.is_server_error() => app.counts.server_errors.fetch_add(1, Ordering::Relaxed),
        status if status.is_client_error() => app.counts.client_errors.fetch_add(1, Ordering::Relaxed),
        _ => 0,
    };
    tracing::debug!(
        request_id = id,
        %method,
        ?path,
        status = answer.status().as_u16(),
        milliseconds = begin.elapsed().as_millis() as u64,
        "request"
    );
    // The body of an error is known; a client that waits for the rest of its own is hung up on.
    if answer.status() == StatusCode::PAYLOAD_TOO_LARGE {
        answer.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
    }
    answer
}

async fn answer(app: Arc<App>, request: Request, next: Next) -> Response {
    let (parts, body) = request.into_parts();
    if let Err(error) = check_host(&app, &parts) {
        return error.into_response();
    }
    let call = std::panic::AssertUnwindSafe(next.run(Request::from_parts(parts, body)));
    futures::FutureExt::catch_unwind(call).await.unwrap_or_else(|_| {
        app.counts.panics.fetch_add(1, Ordering::Relaxed);
        ApiError::internal("a handler panicked; the message is above").into_response()
    })
}

fn hardened(mut answer: Response, id: &str, api: bool, tls: bool) -> Response {
    let headers = answer.headers_mut();
    if let Ok(id) = HeaderValue::from_str(id) {
        headers.insert("x-request-id", id);
    }
    let mut fixed = |name: &'static str, value: &'static str| {
        headers.entry(name).or_insert(HeaderValue::from_static(value));
    };
    fixed("content-security-policy", CONTENT_SECURITY_POLICY);
    fixed("x-content-type-options", "nosniff");
    fixed("x-frame-options", "DENY");
    fixed("referrer-policy", "no-referrer");
    fixed("cross-origin-opener-policy", "same-origin");
    fixed("cross-origin-resource-policy", "same-origin");
    fixed("permissions-policy", "camera=(), geolocation=(), microphone=(), payment=(), usb=()");
    if api {
        fixed("cache-control", "no-store");
    }
    if tls {
        fixed("strict-transport-security", "max-age=31536000");
    }
    answer
}

/// On loopback only this machine's own names are answered to: a foreign page that points its own
/// name at 127.0.0.1 (DNS rebinding) still sends that name.
fn check_host(app: &App, request: &Parts) -> Result<(), ApiError> {
    if !app.address.ip().is_loopback() {
        return Ok(());
    }
    match host_of(request) {
        Some(host) if is_loopback_host(host) => Ok(()),
        // HTTP/1.0 clients may leave it out; browsers never do.
        None if request.version == axum::http::Version::HTTP_10 => Ok(()),
        _ => Err(ApiError::new(
            StatusCode::MISDIRECTED_REQUEST,
            "wrong_host",
            "This server listens on loopback and answers to localhost, 127.0.0.1 and [::1] only.",
        )
        .help("To reach it under another name, start it with --listen on another address (HTTPS).")),
    }
}

/// The host a request names: a header in HTTP/1, part of the address in HTTP/2.
fn host_of(request: &Parts) -> Option<&str> {
    let header = request.headers.get(header::HOST).and_then(|value| value.to_str().ok());
    header.or(request.uri.authority().map(|authority| authority.as_str()))
}

fn is_loopback_host(host: &str) -> bool {
    let name = match host.strip_prefix('[') {
        Some(rest) => rest.split(']').next().unwrap_or_default(),
        None => host.split(':').next().unwrap_or_default(),
    };
    name.eq_ignore_ascii_case("localhost")
        || name.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

/// What the layer of one route knows of it.
#[derive(Clone)]
pub struct Gate {
    pub app: Arc<App>,
    pub path: &'static str,
    pub access: Access,
    pub kind: Kind,
    pub act: Option<audit::Kind>,
    pub once: bool,
}

/// The layer of one route: its bounds, whether the caller may, and the audit log.
pub async fn admit(State(gate): State<Gate>, request: Request, next: Next) -> Response {
    let (mut parts, body) = request.into_parts();
    let reads = gate.act.is_none() && matches!(gate.access, Access::View | Access::SignedIn);
    let (who, body) = match identify(&gate.app, &parts, body, (gate.access, reads)).await {
        Ok(identified) => identified,
        Err(error) => return error.into_response(),
    };
    let note = audit::Note::default();
    parts.extensions.insert(note.clone());
    if let Some(who) = &who {
        parts.extensions.insert(who.clone());
    }
    let address = parts.extensions.get::<Peer>().map(|peer| peer.0.ip().to_string());
    let path = parts.uri.path().to_owned();
    let answer = match allowed(&gate, who.as_ref()) {
        Err(error) => error.into_response(),
        Ok(()) => {
            if let (Some(_), Some(peer)) = (&who, parts.extensions.get::<Peer>()) {
                gate.app.responder.seats.note(peer.0.ip(), crate::clock::now());
            }
            let request = Request::from_parts(parts, body);
            bounded(&gate, who.as_ref(), request, next).await
        }
    };
    let status = answer.status().as_u16();
    // A stranger at the door is no act; a wrong password is.
    let strange = who.is_none() && !matches!(status, 200..=399 | 401 | 403);
    if let Some(kind) = gate.act
        && !strange
    {
        let done = audit::Done {
            kind,
            who: who.as_ref(),
            address: address.unwrap_or_default(),
            asset: asset(gate.path, &path),
            note,
            status,
            reason: answer.extensions().get::<ErrorCode>().map(|code| code.0),
            request_id: REQUEST_ID.try_with(Clone::clone).unwrap_or_default(),
        };
        audit::write(&gate.app, done).await;
    }
    answer
}

/// The part of a path that stands where the route has a place for it.
fn asset<'a>(route: &str, path: &'a str) -> Option<&'a str> {
    let place = route.split('/').position(|part| part.starts_with('{'))?;
    path.split('/').nth(place)
}

async fn bounded(gate: &Gate, who: Option<&Identity>, request: Request, next: Next) -> Response {
    let app = &gate.app;
    let run = |request| async {
        match gate.kind {
            Kind::Stream => next.run(request).await,
            Kind::Long => in_turn(app, next.run(request)).await,
            Kind::Plain => in_turn(app, in_time(app, next.run(request))).await,
        }
    };
    if gate.once { once::run(app, who, request, run).await } else { run(request).await }
}

async fn in_turn(app: &App, answer: impl Future<Output = Response>) -> Response {
    let Ok(_place) = app.requests.clone().try_acquire_owned() else {
        app.counts.refused.fetch_add(1, Ordering::Relaxed);
        return ApiError::busy("There are too many requests under way.").into_response();
    };
    answer.await
}

async fn in_time(app: &App, answer: impl Future<Output = Response>) -> Response {
    tokio::time::timeout(app.limits.request_time, answer).await.unwrap_or_else(|_| {
        let message = "The request took too long and was given up.";
        ApiError::new(StatusCode::REQUEST_TIMEOUT, "timeout", message).into_response()
    })
}

/// Who asks, if that matters here, or why they may not.
async fn identify(
    app: &App,
    parts: &Parts,
    body: Body,
    (access, reads): (Access, bool),
) -> Result<(Option<Identity>, Body), ApiError> {
    let harmless = matches!(parts.method, Method::GET | Method::HEAD);
    if access == Access::Anyone || (access == Access::Metrics && app.address.ip().is_loopback()) {
        // Set-up and sign-in change something too: a foreign page must not.
        if !harmless {
            check_forgery(app, parts)?;
        }
        return Ok((None, body));
    }
    let (who, body) = identity::of(app, parts, body, reads).await?;
    let who = who.ok_or_else(identity::missing)?;
    if !harmless && who.kind == IdentityKind::Session {
        check_forgery(app, parts)?;
    }
    if let Some(seconds) = app.rates.count(&who, crate::clock::now()) {
        let message = "This key makes too many requests.";
        return Err(ApiError::new(StatusCode::TOO_MANY_REQUESTS, "rate_limited", message)
            .help(format!("Try again in {seconds} s; {} a minute are taken.", app.limits.key_requests))
            .extra("retry_after_seconds", serde_json::json!(seconds)));
    }
    Ok((Some(who), body))
}

fn allowed(gate: &Gate, who: Option<&Identity>) -> Result<(), ApiError> {
    let Some(who) = who.filter(|who| !gate.access.allows(who.role)) else { return Ok(()) };
    let message = format!("This needs {}; you have the role {}.", gate.access.needs(), who.role.as_str());
    Err(ApiError::new(StatusCode::FORBIDDEN, "forbidden", message))
}

/// The session's token, from the cookies.
pub fn session_cookie(headers: &HeaderMap) -> Option<&str> {
    let cookies = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    cookies
        .flat_map(|line| line.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find(|(name, _)| *name == COOKIE)
        .map(|(_, value)| value)
}

/// Whether a request that a browser vouches for with a cookie was made by our own page: it carries
/// a header no foreign page can send, and, where the browser says where it comes from, our origin.
fn check_forgery(app: &App, request: &Parts) -> Result<(), ApiError> {
    let headers = &request.headers;
    let refused = |message: &str| Err(ApiError::new(StatusCode::FORBIDDEN, "csrf", message));
    if !headers.contains_key(CSRF_HEADER) {
        return refused("Requests that change something carry the header `X-Vedette-Request: 1`.");
    }
    let text = |name: header::HeaderName| headers.get(name).and_then(|value| value.to_str().ok());
    if let Some(origin) = text(header::ORIGIN) {
        let scheme = if app.is_tls() { "https" } else { "http" };
        let own = host_of(request).map(|host| format!("{scheme}://{host}"));
        if own.is_none_or(|own| !own.eq_ignore_ascii_case(origin)) {
            return refused("The request comes from a page of another origin.");
        }
    }
    let site = headers.get("sec-fetch-site").and_then(|value| value.to_str().ok());
    if site.is_some_and(|site| site != "same-origin" && site != "none") {
        return refused("The request comes from a page of another site.");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn knows_this_machines_own_names() {
        for host in ["localhost", "LOCALHOST:8750", "127.0.0.1", "127.8.9.1:1", "[::1]:8750", "[::1]"] {
            assert!(is_loopback_host(host), "{host}");
        }
        for host in
            ["evil.example", "localhost.evil.example:80", "127.0.0.1.evil.example", "10.0.0.1", "", "[::2]"]
        {
            assert!(!is_loopback_host(host), "{host}");
        }
    }

    #[test]
    fn an_act_is_about_what_its_path_names() {
        assert_eq!(asset("/api/v1/users/{username}", "/api/v1/users/ada"), Some("ada"));
        assert_eq!(asset("/api/v1/alerts/{id}/comments", "/api/v1/alerts/7/comments"), Some("7"));
        assert_eq!(asset("/api/v1/users", "/api/v1/users"), None);
    }

    #[test]
    fn finds_its_cookie_among_others() {
        let mut headers = HeaderMap::new();
        headers.append(header::COOKIE, "a=b; xvedette_session=no".parse().unwrap());
        assert_eq!(session_cookie(&headers), None);
        headers.append(header::COOKIE, "c=d;vedette_session=yes; e=f".parse().unwrap());
        assert_eq!(session_cookie(&headers), Some("yes"));
    }
}
