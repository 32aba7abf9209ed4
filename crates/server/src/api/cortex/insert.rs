//! Alerts that other products send in, as fields or as CEF lines.

use super::request::{Data, number, text};
use super::{Reply, reply, words};
use crate::api::error::ApiError;
use crate::app::App;
use crate::audit::Note;
use crate::clock;
use crate::secret::{digest, hex};
use axum::Extension;
use axum::extract::State;
use serde_json::{Map, Value, json};
use std::net::IpAddr;
use std::sync::Arc;
use vedette_event::{AlertSource, Finding, Mitre, Severity, Time};
use vedette_parse::cef::{self, Cef};

/// Alerts of one request, as in the original.
const MOST: usize = 60;
/// Longest name, description and other texts, in characters.
const NAME: usize = 500;
const TEXT: usize = 10_000;
/// Other fields kept of one alert.
const MOST_FIELDS: usize = 100;
const CATEGORY: &str = "External alert";

/// Takes in alerts given by their fields.
#[utoipa::path(post, path = "/public_api/v1/alerts/insert_parsed_alerts", tag = "cortex",
    request_body = Object, responses((status = 200, body = Object), (status = 400, body = Object)))]
pub async fn parsed(
    State(app): State<Arc<App>>,
    Extension(note): Extension<Note>,
    data: Data,
) -> Result<Reply, ApiError> {
    let now = clock::now();
    let read = |alert: &Value| of_fields(alert, now);
    take(app, note, batch(&data, read)?).await
}

/// Takes in alerts given as CEF lines.
#[utoipa::path(post, path = "/public_api/v1/alerts/insert_cef_alerts", tag = "cortex",
    request_body = Object, responses((status = 200, body = Object), (status = 400, body = Object)))]
pub async fn lines(
    State(app): State<Arc<App>>,
    Extension(note): Extension<Note>,
    data: Data,
) -> Result<Reply, ApiError> {
    let now = clock::now();
    let read = |alert: &Value| {
        let line = alert.as_str().ok_or("it is no text")?;
        cef::parse(line).map(|event| of_cef(&event, now)).map_err(str::to_owned)
    };
    take(app, note, batch(&data, read)?).await
}

/// All of them, or none and why not: which one, and what is wrong with it.
fn batch(data: &Data, read: impl Fn(&Value) -> Result<Finding, String>) -> Result<Vec<Finding>, ApiError> {
    let alerts =
        data.list("alerts").ok_or_else(|| ApiError::bad_request("`alerts` is missing in `request_data`."))?;
    if alerts.is_empty() || alerts.len() > MOST {
        let message = format!("`alerts` has {} alerts; a request takes 1 to {MOST}.", alerts.len());
        return Err(ApiError::bad_request(message));
    }
    let numbered = alerts.iter().enumerate();
    numbered
        .map(|(index, alert)| {
            read(alert)
                .map_err(|why| ApiError::bad_request(format!("Alert {} of `alerts`: {why}.", index + 1)))
        })
        .collect()
}

async fn take(app: Arc<App>, note: Note, findings: Vec<Finding>) -> Result<Reply, ApiError> {
    note.say(format!("Sent {} alerts in", findings.len()));
    let alerting = app.alerting.clone();
    let ids = app
        .state(move |_, now| {
            let stored = findings.iter().map(|finding| alerting.take_finding(finding, now));
            stored.map(|alert| Ok(alert?.life.alert_id)).collect::<Result<Vec<i64>, _>>()
        })
        .await?;
    note.asset(ids.iter().map(ToString::to_string).collect::<Vec<_>>().join(","));
    Ok(reply(json!(true)))
}

fn cut(text: &str, longest: usize) -> String {
    text.chars().filter(|letter| !letter.is_control() || *letter == '\n').take(longest).collect()
}

fn of_fields(alert: &Value, now: Time) -> Result<Finding, String> {
    let fields = alert.as_object().ok_or("it is no object")?;
    let word = |key: &str| fields.get(key).and_then(text).unwrap_or_default();
    let needed = |key: &str| {
        let value = word(key);
        if value.trim().is_empty() { Err(format!("`{key}` is missing")) } else { Ok(value) }
    };
    let address = |key: &str| {
        let value = word(key);
        match value.trim() {
            "" => Ok(Vec::new()),
            value => {
                value.parse::<IpAddr>().map(|one| vec![one]).map_err(|_| format!("`{key}` is no address"))
            }
        }
    };
    for key in ["local_port", "remote_port"] {
        let port = fields.get(key).filter(|port| !port.is_null());
        if port.is_some_and(|port| !number(port).is_some_and(|port| (0..=65_535).contains(&port))) {
            return Err(format!("`{key}` is no port"));
        }
    }
    let severity = match word("severity").trim() {
        "" => Severity::Medium,
        word => words::severity_to_set(word)
            .ok_or("`severity` is none of Informational, Low, Medium, High, Critical and Unknown")?,
    };
    let at = match fields.get("event_timestamp").filter(|time| !time.is_null()) {
        None => now,
        Some(time) => {
            let milliseconds = number(time).ok_or("`event_timestamp` is no number of milliseconds")?;
            // Some clients send seconds.
            let unit = if milliseconds.abs() < 100_000_000_000 { 1_000_000 } else { 1000 };
            Time(milliseconds.saturating_mul(unit))
        }
    };
    let finding = Sent {
        vendor: &needed("vendor")?,
        product: &needed("product")?,
        name: &needed("alert_name")?,
        summary: &word("alert_description"),
        severity,
        at,
        sources: address("remote_ip")?,
        targets: address("local_ip")?,
        hosts: fields.get("host_name").and_then(text).into_iter().collect(),
        users: fields.get("user_name").and_then(text).into_iter().collect(),
        fields: fields.clone(),
    };
    Ok(finding.finding())
}

fn of_cef(event: &Cef, now: Time) -> Finding {
    let list = |key: &str| event.get(key).and_then(|text| text.parse().ok()).into_iter().collect();
    let names = |keys: [&str; 2]| {
        keys.into_iter().filter_map(|key| event.get(key)).map(str::to_owned).take(1).collect()
    };
    let mut fields: Map<String, Value> =
        event.extensions.iter().map(|(key, value)| (key.clone(), json!(value))).collect();
    for (ours, theirs) in [("local_port", "dpt"), ("remote_port", "spt"), ("action_status", "act")] {
        if let Some(value) = event.get(theirs) {
            fields.insert(ours.to_owned(), json!(value));
        }
    }
    let name = if event.name.is_empty() { event.class.as_str() } else { event.name.as_str() };
    Sent {
        vendor: &event.vendor,
        product: &event.product,
        name: if name.is_empty() { "External alert" } else { name },
        summary: event.get("msg").unwrap_or_default(),
        severity: cef_severity(&event.severity),
        at: event.get("rt").or(event.get("end")).and_then(moment).unwrap_or(now),
        sources: list("src"),
        targets: list("dst"),
        hosts: names(["dhost", "dvchost"]),
        users: names(["duser", "suser"]),
        fields,
    }
    .finding()
}

/// Milliseconds, or RFC 3339. Other spellings carry no year or no zone: now is nearer the truth.
fn moment(text: &str) -> Option<Time> {
    match text.trim().parse::<i64>() {
        Ok(milliseconds) => Some(Time(milliseconds.saturating_mul(1000))),
        Err(_) => Time::parse(text.trim()),
    }
}

fn cef_severity(word: &str) -> Severity {
    match word.parse::<u8>() {
        Ok(0) => Severity::Informational,
        Ok(1..=3) => Severity::Low,
        Ok(4..=6) => Severity::Medium,
        Ok(7..=8) => Severity::High,
        Ok(_) => Severity::Critical,
        Err(_) if word.eq_ignore_ascii_case("very-high") => Severity::Critical,
        Err(_) => words::severity_to_set(word).unwrap_or(Severity::Medium),
    }
}

/// What was sent, before it is bounded.
struct Sent<'a> {
    vendor: &'a str,
    product: &'a str,
    name: &'a str,
    summary: &'a str,
    severity: Severity,
    at: Time,
    sources: Vec<IpAddr>,
    targets: Vec<IpAddr>,
    hosts: Vec<String>,
    users: Vec<String>,
    fields: Map<String, Value>,
}

impl Sent<'_> {
    fn finding(self) -> Finding {
        let names = |list: Vec<String>| list.iter().map(|name| cut(name, NAME)).collect();
        let mut fields = self.fields;
        let keys: Vec<String> = fields.keys().skip(MOST_FIELDS).cloned().collect();
        keys.iter().for_each(|key| {
            fields.remove(key);
        });
        for value in fields.values_mut() {
            if let Value::String(text) = value {
                *text = cut(text, TEXT);
            }
        }
        // The same alert sent again is the same alert.
        let parts = (self.vendor, self.product, self.name, self.at, &self.sources, &self.targets);
        let key = hex(&digest(&format!("{parts:?} {}", Value::Object(fields.clone()))));
        Finding {
            source: AlertSource::External,
            key: key.chars().take(32).collect(),
            name: cut(self.name, NAME),
            summary: cut(self.summary, TEXT),
            severity: self.severity,
            category: fields
                .get("alert_category")
                .or(fields.get("category"))
                .and_then(text)
                .map_or(CATEGORY.to_owned(), |word| cut(&word, NAME)),
            mitre: Mitre::default(),
            source_ips: self.sources,
            target_ips: self.targets,
            hosts: names(self.hosts),
            users: names(self.users),
            first_seen: self.at,
            last_seen: self.at,
            detected_at: self.at,
            count: 1,
            vendor: cut(self.vendor, NAME),
            product: cut(self.product, NAME),
            fields,
            rule: None,
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn alert() -> Value {
        json!({
            "product": "Guard", "vendor": "Acme", "local_ip": "10.0.0.5", "local_port": "22",
            "remote_ip": "203.0.113.7", "remote_port": 40000, "event_timestamp": 1_700_000_000_000_i64,
            "severity": "High", "alert_name": "Brute force", "alert_description": "many tries",
            "action_status": "Blocked",
        })
    }

    #[test]
    fn a_parsed_alert_becomes_a_finding() {
        let finding = of_fields(&alert(), Time(1)).unwrap();
        assert_eq!((finding.name.as_str(), finding.severity), ("Brute force", Severity::High));
        assert_eq!(finding.detected_at, Time(1_700_000_000_000_000));
        assert_eq!(finding.source_ips[0].to_string(), "203.0.113.7");
        assert_eq!(finding.target_ips[0].to_string(), "10.0.0.5");
        assert_eq!(of_fields(&alert(), Time(9)).unwrap().key, finding.key, "sent again it is the same");
        for (key, value, at) in [
            ("event_timestamp", json!(1_700_000_000), 1_700_000_000_000_000),
            ("event_timestamp", json!(null), 7),
        ] {
            let mut other = alert();
            other[key] = value;
            assert_eq!(of_fields(&other, Time(7)).unwrap().detected_at, Time(at));
        }
    }

    #[test]
    fn what_is_wrong_with_it_is_said() {
        for (key, value) in [
            ("vendor", json!(null)),
            ("product", json!("")),
            ("alert_name", json!(" ")),
            ("severity", json!("loud")),
            ("local_ip", json!("10.0.0")),
            ("remote_ip", json!("<script>")),
            ("local_port", json!(70_000)),
            ("remote_port", json!("x")),
            ("event_timestamp", json!("yesterday")),
        ] {
            let mut wrong = alert();
            wrong[key] = value;
            let why = of_fields(&wrong, Time(1)).unwrap_err();
            assert!(why.contains(key), "{key}: {why}");
        }
        assert!(of_fields(&json!("x"), Time(1)).is_err());
    }

    #[test]
    fn hostile_texts_are_cut_and_cleaned() {
        let mut huge = alert();
        huge["alert_name"] = json!(format!("<script>\u{1b}[2J{}", "x".repeat(100_000)));
        for n in 0..500 {
            huge[format!("f{n}")] = json!("y".repeat(20_000));
        }
        let finding = of_fields(&huge, Time(1)).unwrap();
        assert!(finding.name.chars().count() <= NAME && !finding.name.contains('\u{1b}'));
        assert!(finding.fields.len() <= MOST_FIELDS);
        assert!(finding.fields.values().all(|value| value.as_str().is_none_or(|text| text.len() <= TEXT)));
    }

    #[test]
    fn a_cef_line_becomes_a_finding() {
        let line = "CEF:0|Acme|Guard|1|100|Port scan|10|src=203.0.113.7 dst=10.0.0.5 dpt=22 dhost=web-1 \
                    duser=ada msg=seen rt=1700000000000 act=Blocked";
        let finding = of_cef(&cef::parse(line).unwrap(), Time(1));
        assert_eq!(
            (finding.severity, finding.detected_at),
            (Severity::Critical, Time(1_700_000_000_000_000))
        );
        assert_eq!((finding.hosts.join(""), finding.users.join("")), ("web-1".to_owned(), "ada".to_owned()));
        assert_eq!((finding.summary.as_str(), finding.fields["local_port"].as_str()), ("seen", Some("22")));
        let bare = of_cef(&cef::parse("CEF:0|a|b|c|d||Very-High|").unwrap(), Time(5));
        assert_eq!((bare.name.as_str(), bare.severity, bare.detected_at), ("d", Severity::Critical, Time(5)));
    }
}
