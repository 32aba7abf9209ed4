//! The console's files, embedded in the program (read from the checkout in debug builds).

use crate::api::guard::CONTENT_SECURITY_POLICY;
use crate::secret::{Secret, hex};
use axum::body::Body;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::Response;
use rust_embed::{EmbeddedFile, RustEmbed};

#[derive(RustEmbed)]
#[folder = "../../console/dist"]
struct Files;

const INDEX: &str = "index.html";
/// Replaced in the page by a value that only this one answer allows for styles.
const NONCE: &str = "__CSP_NONCE__";
const NOT_BUILT: &str = "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>Vedette</title>\
     <h1>The console is not part of this build</h1><p>Build it with <code>npm ci &amp;&amp; npm run build</code> \
     in the folder <code>console</code>, then build Vedette again; <code>make run</code> does both. The API and \
     the command line work without it.</p></html>";

/// The file of a path; the console's page for every path that is not a file's.
pub fn serve(path: &str, headers: &HeaderMap) -> Response {
    let name = path.trim_start_matches('/');
    if name != INDEX
        && let Some(file) = Files::get(name)
    {
        return file_answer(name, file, headers);
    }
    // A name with an extension is a file that is not there, not a page of the console.
    if name != INDEX && name.rsplit('/').next().is_some_and(|last| last.contains('.')) {
        return plain(StatusCode::NOT_FOUND, "text/plain; charset=utf-8", "There is no such file.\n".into());
    }
    match Files::get(INDEX) {
        Some(file) => page(&String::from_utf8_lossy(&file.data)),
        None => plain(StatusCode::OK, "text/html; charset=utf-8", NOT_BUILT.to_owned()),
    }
}

/// The console's page, with a nonce of its own.
fn page(text: &str) -> Response {
    let nonce = Secret::random();
    let nonce = nonce.reveal().get(..32).unwrap_or_default();
    let mut response = plain(StatusCode::OK, "text/html; charset=utf-8", text.replace(NONCE, nonce));
    let policy =
        CONTENT_SECURITY_POLICY.replace("style-src 'self'", &format!("style-src 'self' 'nonce-{nonce}'"));
    if let Ok(value) = HeaderValue::from_str(&policy) {
        response.headers_mut().insert(header::CONTENT_SECURITY_POLICY, value);
    }
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

fn file_answer(name: &str, file: EmbeddedFile, headers: &HeaderMap) -> Response {
    let tag = format!("\"{}\"", hex(&file.metadata.sha256_hash()[..16]));
    let known = headers.get(header::IF_NONE_MATCH).and_then(|value| value.to_str().ok());
    let fresh =
        known.is_some_and(|known| known.split(',').any(|one| one.trim().trim_start_matches("W/") == tag));
    let mut response = if fresh {
        let mut response = Response::new(Body::empty());
        *response.status_mut() = StatusCode::NOT_MODIFIED;
        response
    } else {
        let kind = mime_guess::from_path(name).first_or_octet_stream().to_string();
        let kind = if kind.starts_with("text/") { format!("{kind}; charset=utf-8") } else { kind };
        let mut response = Response::new(Body::from(file.data.into_owned()));
        if let Ok(kind) = HeaderValue::from_str(&kind) {
            response.headers_mut().insert(header::CONTENT_TYPE, kind);
        }
        response
    };
    // Files under `assets/` carry a hash of their content in their names.
    let caching =
        if name.starts_with("assets/") { "public, max-age=31536000, immutable" } else { "no-cache" };
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static(caching));
    if let Ok(tag) = HeaderValue::from_str(&tag) {
        response.headers_mut().insert(header::ETAG, tag);
    }
    response
}

fn plain(status: StatusCode, kind: &'static str, text: String) -> Response {
    let mut response = Response::new(Body::from(text));
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    response
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn every_page_has_its_own_nonce() {
        let policy = || {
            let answer = page("<meta name=\"csp-nonce\" content=\"__CSP_NONCE__\">");
            answer.headers()[header::CONTENT_SECURITY_POLICY].to_str().unwrap().to_owned()
        };
        let (one, two) = (policy(), policy());
        assert_ne!(one, two);
        assert!(one.contains("style-src 'self' 'nonce-") && !one.contains("script-src 'self' 'nonce"));
    }

    #[test]
    fn paths_lead_nowhere_else() {
        for path in ["/../Cargo.toml", "/assets/../../Cargo.toml", "/%2e%2e/Cargo.toml", "//etc/passwd.txt"] {
            assert_eq!(serve(path, &HeaderMap::new()).status(), StatusCode::NOT_FOUND, "{path}");
        }
        assert_eq!(serve("/alerts/12", &HeaderMap::new()).status(), StatusCode::OK);
        assert_eq!(serve("/assets/none.js", &HeaderMap::new()).status(), StatusCode::NOT_FOUND);
    }
}
