//! Which alerts a list is of, and in which order: the parameters behind the question mark.

use crate::api::error::ApiError;
use crate::state::{AlertFilter, ExcludedFilter, SelfTestFilter, Sort, SortKey, Status};
use serde::Deserialize;
use std::net::IpAddr;
use utoipa::IntoParams;
use vedette_event::{AlertSource, Severity, Time};

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ListParameters {
    /// `new`, `in_progress`, `closed`; several with commas.
    pub status: Option<String>,
    /// `informational` to `critical`; several with commas.
    pub severity: Option<String>,
    /// Whether the campaign goes on.
    pub active: Option<bool>,
    /// What raised it: `detection`, `correlation`, `external`; several with commas.
    pub raised_by: Option<String>,
    /// Number of a correlation rule.
    pub rule: Option<i64>,
    /// A user, or `none`.
    pub assignee: Option<String>,
    pub source: Option<String>,
    pub target: Option<String>,
    /// Looked for in name, summary, addresses and tool.
    pub q: Option<String>,
    /// Detected at or after, RFC 3339.
    pub since: Option<String>,
    /// Detected before, RFC 3339.
    pub until: Option<String>,
    /// Only self-tests, or none of them; both when absent.
    pub self_test: Option<bool>,
    /// What exclusions hide: `hide`, which is the default, `show` or `only`.
    pub excluded: Option<String>,
    /// `detected_at`, `updated_at`, `severity` or `probes`, with `-` in front for descending.
    pub sort: Option<String>,
    /// 1 to 500; 50 when absent.
    pub limit: Option<u32>,
    /// `next_cursor` of the page before.
    pub cursor: Option<String>,
}

/// The filter that the parameters mean; order and page aside.
pub fn filter(p: &ListParameters) -> Result<AlertFilter, ApiError> {
    Ok(AlertFilter {
        status: words(p.status.as_deref(), "status", |word| {
            Status::ALL.into_iter().find(|status| status.as_str() == word)
        })?,
        severity: words(p.severity.as_deref(), "severity", severity)?,
        active: p.active,
        raised_by: words(p.raised_by.as_deref(), "raised_by", AlertSource::parse)?,
        rule_id: p.rule,
        assignee: p.assignee.as_ref().map(|name| (name != "none").then(|| name.to_lowercase())),
        source: address(p.source.as_deref(), "source")?,
        target: address(p.target.as_deref(), "target")?,
        text: p.q.as_deref().map(str::trim).filter(|text| !text.is_empty()).map(str::to_owned),
        since: moment(p.since.as_deref(), "since")?,
        until: moment(p.until.as_deref(), "until")?,
        self_test: match p.self_test {
            None => SelfTestFilter::Both,
            Some(true) => SelfTestFilter::Only,
            Some(false) => SelfTestFilter::Without,
        },
        excluded: match p.excluded.as_deref() {
            None | Some("hide") => ExcludedFilter::Without,
            Some("show") => ExcludedFilter::Both,
            Some("only") => ExcludedFilter::Only,
            Some(_) => return Err(ApiError::bad_request("`excluded` is hide, show or only.")),
        },
        ..AlertFilter::default()
    })
}

pub fn severity(word: &str) -> Option<Severity> {
    let all = [Severity::Informational, Severity::Low, Severity::Medium, Severity::High, Severity::Critical];
    all.into_iter().find(|severity| severity.as_str() == word)
}

pub fn words<T>(
    text: Option<&str>,
    name: &str,
    read: impl Fn(&str) -> Option<T>,
) -> Result<Vec<T>, ApiError> {
    let list = text.unwrap_or_default().split(',').map(str::trim).filter(|word| !word.is_empty());
    list.map(|word| read(word).ok_or_else(|| ApiError::bad_request(format!("`{name}` cannot be {word:?}."))))
        .collect()
}

fn address(text: Option<&str>, name: &str) -> Result<Option<IpAddr>, ApiError> {
    let wrong = || ApiError::bad_request(format!("`{name}` is not an IP address."));
    text.map(|text| text.parse().map_err(|_| wrong())).transpose()
}

fn moment(text: Option<&str>, name: &str) -> Result<Option<Time>, ApiError> {
    let wrong = || ApiError::bad_request(format!("`{name}` is not a time like 2026-01-31T08:00:00Z."));
    text.map(|text| Time::parse(text).ok_or_else(wrong)).transpose()
}

pub fn sort(text: &str) -> Result<Sort, ApiError> {
    let (descending, name) = match text.strip_prefix('-') {
        Some(name) => (true, name),
        None => (false, text),
    };
    let key = match name {
        "detected_at" => SortKey::DetectedAt,
        "updated_at" => SortKey::UpdatedAt,
        "severity" => SortKey::Severity,
        "probes" => SortKey::Probes,
        _ => {
            return Err(ApiError::bad_request("`sort` is detected_at, updated_at, severity or probes.")
                .help("With `-` in front for descending."));
        }
    };
    Ok(Sort { key, descending })
}
