//! Errors of the API: two messages, the client's and the log's.

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use serde_json::{Map, Value, json};
use utoipa::ToSchema;
use vedette_engine::{ErrorKind, QueryError};
use vedette_lake::LakeError;

use crate::state::StateError;

tokio::task_local! {
    /// Identifier of the request that is being answered.
    pub static REQUEST_ID: String;
    /// The shape its client reads errors in.
    pub static DIALECT: Dialect;
}

/// Whose API a request speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialect {
    Vedette,
    /// `/public_api`: `err_code`, `err_msg` and `err_extra`, at top level as documented, and inside
    /// `reply`, where some clients look.
    Cortex,
}

/// The code of an error, as an extension of its answer: for the audit log.
#[derive(Clone, Copy)]
pub struct ErrorCode(pub &'static str);

/// The shape of every error answer.
#[derive(Serialize, ToSchema)]
pub struct ErrorBody {
    pub error: ErrorDetail,
}

#[derive(Serialize, ToSchema)]
pub struct ErrorDetail {
    /// Stable; programs go by it.
    pub code: String,
    /// One sentence for a person.
    pub message: String,
    /// What to do about it.
    pub help: Option<String>,
    /// Also in the server's log and in the header `x-request-id`.
    pub request_id: String,
    /// What is wrong with a query, with `query_invalid` only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub diagnostics: Option<Vec<super::query::Diagnostic>>,
    /// What is wrong with a correlation rule, with `rule_invalid` only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mistakes: Option<Vec<crate::rules::check::Mistake>>,
    /// When to try again, with `too_many_attempts` only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retry_after_seconds: Option<u64>,
}

#[derive(Debug)]
pub struct ApiError {
    status: StatusCode,
    code: &'static str,
    message: String,
    help: Option<String>,
    /// For the log alone: what the client must not or need not know.
    log: Option<String>,
    extra: Map<String, Value>,
    /// The whole of `err_msg` in the Cortex dialect, for clients that parse it.
    raw: Option<String>,
}

impl ApiError {
    pub fn new(status: StatusCode, code: &'static str, message: impl Into<String>) -> ApiError {
        ApiError {
            status,
            code,
            message: message.into(),
            help: None,
            log: None,
            extra: Map::new(),
            raw: None,
        }
    }

    pub fn bad_request(message: impl Into<String>) -> ApiError {
        ApiError::new(StatusCode::BAD_REQUEST, "bad_request", message)
    }

    pub fn not_found(what: impl Into<String>) -> ApiError {
        ApiError::new(StatusCode::NOT_FOUND, "not_found", what)
    }

    pub fn busy(message: impl Into<String>) -> ApiError {
        ApiError::new(StatusCode::SERVICE_UNAVAILABLE, "busy", message).help("Try again in a moment.")
    }

    /// Our fault; the client learns only the request's identifier.
    pub fn internal(log: impl Into<String>) -> ApiError {
        let message = "Vedette failed at this; its log says more under the request_id.";
        ApiError::new(StatusCode::INTERNAL_SERVER_ERROR, "internal", message).log(log)
    }

    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> ApiError {
        self.help = Some(help.into());
        self
    }

    #[must_use]
    pub fn log(mut self, log: impl Into<String>) -> ApiError {
        self.log = Some(log.into());
        self
    }

    /// In the Cortex dialect `err_msg` is this, word for word.
    #[must_use]
    pub fn raw(mut self, raw: impl Into<String>) -> ApiError {
        self.raw = Some(raw.into());
        self
    }

    pub fn message(&self) -> &str {
        &self.message
    }

    #[must_use]
    pub fn extra(mut self, key: &str, value: Value) -> ApiError {
        self.extra.insert(key.to_owned(), value);
        self
    }

    /// The error with its `request_id`, as in an answer; also for streams that have begun.
    pub fn body(&self) -> Value {
        let id = REQUEST_ID.try_with(Clone::clone).unwrap_or_default();
        if DIALECT.try_with(|dialect| *dialect == Dialect::Cortex).unwrap_or_default() {
            return self.cortex_body(&id);
        }
        let mut error = json!({
            "code": self.code,
            "message": self.message,
            "help": self.help,
            "request_id": id,
        });
        if let Some(fields) = error.as_object_mut() {
            fields.extend(self.extra.clone());
        }
        json!({ "error": error })
    }

    fn cortex_body(&self, request_id: &str) -> Value {
        let message = match (&self.raw, &self.help) {
            (Some(raw), _) => raw.clone(),
            (None, Some(help)) => format!("{} {help}", self.message),
            (None, None) => self.message.clone(),
        };
        let error = json!({
            "err_code": self.status.as_u16(),
            "err_msg": message,
            "err_extra": {"code": self.code, "request_id": request_id},
        });
        let mut body = error.clone();
        body["reply"] = error;
        body
    }

    fn write_log(&self) {
        let id = REQUEST_ID.try_with(Clone::clone).unwrap_or_default();
        let log = self.log.as_deref().unwrap_or_default();
        if self.status.is_server_error() {
            tracing::error!(request_id = id, code = self.code, message = ?self.message, log, "request failed");
        } else {
            tracing::debug!(request_id = id, code = self.code, message = ?self.message, log, "request refused");
        }
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        self.write_log();
        let mut response = (self.status, axum::Json(self.body())).into_response();
        if let Some(seconds) = self.extra.get("retry_after_seconds").and_then(Value::as_u64) {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        if self.status == StatusCode::UNAUTHORIZED {
            let scheme = HeaderValue::from_static("Bearer");
            response.headers_mut().insert(header::WWW_AUTHENTICATE, scheme);
        }
        response.extensions_mut().insert(ErrorCode(self.code));
        response
    }
}

impl From<StateError> for ApiError {
    fn from(error: StateError) -> ApiError {
        match error {
            StateError::Invalid(message) => ApiError::bad_request(capitalised(message)),
            other => ApiError::internal(other.to_string()),
        }
    }
}

impl From<LakeError> for ApiError {
    fn from(error: LakeError) -> ApiError {
        let message = "The rows could not be stored.";
        ApiError::new(StatusCode::SERVICE_UNAVAILABLE, "store_failed", message)
            .help("`GET /api/v1/status` says what is wrong with the lake.")
            .log(error.to_string())
    }
}

impl From<QueryError> for ApiError {
    fn from(error: QueryError) -> ApiError {
        let message = capitalised(&error.message);
        match error.kind {
            ErrorKind::Query => ApiError::new(StatusCode::BAD_REQUEST, "query_invalid", message),
            ErrorKind::Unsupported => ApiError::new(StatusCode::BAD_REQUEST, "query_unsupported", message),
            ErrorKind::Resources => ApiError::new(StatusCode::UNPROCESSABLE_ENTITY, "query_limit", message)
                .help("Narrow the time frame, filter earlier, or keep fewer fields."),
            ErrorKind::Cancelled => ApiError::new(StatusCode::CONFLICT, "query_cancelled", message),
            ErrorKind::Internal => ApiError::internal(error.message),
        }
    }
}

/// A sentence as it stands in an answer.
pub fn capitalised(text: &str) -> String {
    let mut letters = text.chars();
    let mut sentence: String =
        letters.next().map_or(String::new(), |first| first.to_uppercase().chain(letters).collect());
    if !sentence.ends_with(['.', '!', '?']) {
        sentence.push('.');
    }
    sentence
}
