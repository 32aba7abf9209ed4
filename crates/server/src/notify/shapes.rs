//! An alert as other systems want it. Pure: an alert in, text out.

use super::channel::{Settings, Shape};
use super::template;
use crate::api::alerts::AlertSummary;
use crate::export;
use crate::state::AlertRecord;
use serde_json::{Value, json};
use std::net::IpAddr;
use vedette_event::{Severity, Time};

/// Addresses named in a message.
const FEW: usize = 10;
/// Longest text of one field; chat systems refuse long ones.
const LONG: usize = 2_500;

/// The body of a webhook.
pub fn body(settings: &Settings, alert: &AlertRecord) -> String {
    match settings.shape {
        Shape::Ocsf => export::alert(export::Schema::Ocsf, alert).to_string(),
        Shape::Slack => slack(settings, alert).to_string(),
        Shape::Teams => teams(settings, alert).to_string(),
        Shape::Cef => cef(alert),
        Shape::Json => {
            let data = AlertSummary::of(alert);
            json!({"type": "alert.opened", "timestamp": alert.life.created_at, "data": data}).to_string()
        }
    }
}

/// One syslog message (RFC 5424), facility local0.
pub fn syslog(settings: &Settings, alert: &AlertRecord, hostname: &str) -> String {
    const LOCAL0: u8 = 16;
    let level = match alert.severity() {
        Severity::Critical => 2,
        Severity::High => 3,
        Severity::Medium => 4,
        Severity::Low => 5,
        Severity::Informational => 6,
    };
    let host: String = hostname.chars().filter(char::is_ascii_graphic).take(255).collect();
    let host = if host.is_empty() { "-".to_owned() } else { host };
    let text = body(settings, alert).replace(['\r', '\n'], " ");
    let (priority, time) = (LOCAL0 * 8 + level, alert.life.created_at);
    format!("<{priority}>1 {time} {host} vedette - alert - {text}")
}

fn number(severity: Severity) -> u8 {
    match severity {
        Severity::Informational => 1,
        Severity::Low => 2,
        Severity::Medium => 3,
        Severity::High => 4,
        Severity::Critical => 5,
    }
}

fn cut(text: &str) -> String {
    match text.char_indices().nth(LONG) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

fn listed(addresses: &[IpAddr]) -> String {
    let few: Vec<String> = addresses.iter().take(FEW).map(IpAddr::to_string).collect();
    let more = addresses.len().saturating_sub(FEW);
    let rest = if more > 0 { format!(" and {more} more") } else { String::new() };
    few.join(", ") + &rest
}

/// What every message names, in order.
pub fn facts(alert: &AlertRecord) -> Vec<(&'static str, String)> {
    let subject = &alert.subject;
    let facts = [
        ("Severity", alert.severity().as_str().to_owned()),
        ("Source", listed(subject.source_ips())),
        ("Target", listed(subject.target_ips())),
        ("Detected", subject.detected_at().to_string()),
        ("ATT&CK", subject.mitre().techniques.join(", ")),
        ("Alert", alert.life.alert_id.to_string()),
    ];
    facts.into_iter().filter(|(_, value)| !value.is_empty()).collect()
}

/// Title and text of a message for people.
fn texts(settings: &Settings, alert: &AlertRecord) -> (String, String) {
    let subject = &alert.subject;
    let title = settings.title.as_ref().map(|text| template::title(text, alert));
    let body = settings.body.as_ref().map(|text| template::body(text, alert));
    let title = title.unwrap_or_else(|| subject.name().to_owned());
    (title, body.unwrap_or_else(|| subject.summary().to_owned()))
}

/// Slack reads `&`, `<` and `>` as marks.
fn slack(settings: &Settings, alert: &AlertRecord) -> Value {
    let (title, body) = texts(settings, alert);
    let plain = |text: &str| cut(text).replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    let fields: Vec<Value> = facts(alert)
        .iter()
        .map(|(name, value)| json!({"type": "mrkdwn", "text": format!("*{name}*\n{}", plain(value))}))
        .collect();
    let head: String = title.chars().take(150).collect();
    let text = if body.is_empty() { &title } else { &body };
    json!({
        "text": plain(&title),
        "blocks": [
            {"type": "header", "text": {"type": "plain_text", "text": head}},
            {"type": "section", "text": {"type": "plain_text", "text": cut(text)}},
            {"type": "section", "fields": fields},
        ],
    })
}

/// Adaptive cards read Markdown: what comes from outside is escaped.
fn teams(settings: &Settings, alert: &AlertRecord) -> Value {
    let (title, body) = texts(settings, alert);
    let plain = |text: &str| {
        let mut escaped = String::new();
        for letter in cut(text).chars() {
            if "\\`*_{}[]()#+!|<>".contains(letter) {
                escaped.push('\\');
            }
            escaped.push(letter);
        }
        escaped
    };
    let facts: Vec<Value> =
        facts(alert).iter().map(|(name, value)| json!({"title": name, "value": plain(value)})).collect();
    json!({
        "type": "message",
        "attachments": [{
            "contentType": "application/vnd.microsoft.card.adaptive",
            "content": {
                "type": "AdaptiveCard",
                "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
                "version": "1.4",
                "body": [
                    {"type": "TextBlock", "size": "Medium", "weight": "Bolder", "wrap": true, "text": plain(&title)},
                    {"type": "TextBlock", "wrap": true, "text": plain(&body)},
                    {"type": "FactSet", "facts": facts},
                ],
            },
        }],
    })
}

/// ArcSight CEF 0: header fields escape `\` and `|`, extension values `\`, `=` and line ends.
fn cef(alert: &AlertRecord) -> String {
    let head = |text: &str| text.replace('\\', "\\\\").replace('|', "\\|").replace(['\r', '\n'], " ");
    let value =
        |text: &str| text.replace('\\', "\\\\").replace('=', "\\=").replace('\r', "").replace('\n', "\\n");
    let subject = &alert.subject;
    let severity = number(alert.severity()) * 2;
    let mut fields = vec![
        ("rt", millis(subject.detected_at()).to_string()),
        ("externalId", alert.life.alert_id.to_string()),
        ("cnt", subject.count().to_string()),
        ("cat", subject.category().to_owned()),
        ("msg", cut(subject.summary())),
    ];
    let first = |list: &[IpAddr]| list.first().copied();
    for (v4, v6, label, address) in [
        ("src", "c6a2", "Source IPv6 Address", first(subject.source_ips())),
        ("dst", "c6a3", "Destination IPv6 Address", first(subject.target_ips())),
    ] {
        match address {
            Some(IpAddr::V4(address)) => fields.push((v4, address.to_string())),
            Some(IpAddr::V6(address)) => {
                fields.push((v6, address.to_string()));
                fields.push((if v6 == "c6a2" { "c6a2Label" } else { "c6a3Label" }, label.to_owned()));
            }
            None => {}
        }
    }
    let extension: Vec<String> =
        fields.iter().map(|(name, text)| format!("{name}={}", value(text))).collect();
    format!(
        "CEF:0|Vedette|Vedette|{}|{}|{}|{severity}|{}",
        env!("CARGO_PKG_VERSION"),
        subject.source().as_str(),
        head(subject.name()),
        extension.join(" ")
    )
}

fn millis(time: Time) -> i64 {
    time.0.div_euclid(1_000)
}

#[cfg(test)]
pub mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::state::Store;
    use crate::state::tests::detection;

    pub fn alert(name: &str) -> AlertRecord {
        let store = Store::in_memory();
        let mut campaign = detection("c1");
        campaign.name = name.to_owned();
        campaign.summary = "a=b\\c\nsecond <b>line</b> | *x*".to_owned();
        campaign.mitre.techniques = vec!["T1046".to_owned()];
        store.record_detection(&campaign, false, Time(1_700_000_000_000_000)).unwrap().alert
    }

    #[test]
    fn cef_escapes_what_would_end_a_field() {
        let text = cef(&alert("scan | of \\ hosts\nCEF:0|x"));
        assert!(text.starts_with("CEF:0|Vedette|Vedette|"), "{text}");
        assert!(text.contains("|detection|scan \\| of \\\\ hosts CEF:0\\|x|6|"), "{text}");
        assert!(
            text.contains("msg=a\\=b\\\\c\\nsecond") && text.contains("src=10.0.0.9 dst=10.0.0.5"),
            "{text}"
        );
        assert!(!text.contains('\n'));
    }

    #[test]
    fn a_syslog_message_is_one_line_with_its_priority() {
        let of = |shape| Settings { shape, ..Settings::default() };
        let text = syslog(&of(Shape::Json), &alert("scan\nof"), "host 1");
        assert!(text.starts_with("<132>1 2023-11-14T22:13:20.000000Z host1 vedette - alert - {"), "{text}");
        assert_eq!(text.lines().count(), 1);
        assert!(syslog(&of(Shape::Cef), &alert("x"), "").contains(" - vedette - alert - CEF:0|"));
    }

    #[test]
    fn chat_systems_get_no_marks_from_outside() {
        let slack = slack(&Settings::default(), &alert("<!channel> & <https://evil|click>")).to_string();
        assert!(slack.contains("&lt;!channel&gt; &amp;"), "{slack}");
        assert!(slack.contains("*Source*\\n10.0.0.9") && slack.contains("T1046"), "{slack}");
        let teams = teams(&Settings::default(), &alert("[click](https://evil)")).to_string();
        assert!(teams.contains("\\\\[click\\\\]\\\\(https://evil\\\\)"), "{teams}");
    }

    #[test]
    fn ocsf_names_class_severity_and_both_ends() {
        let finding = export::alert(export::Schema::Ocsf, &alert("scan"));
        assert_eq!((&finding["class_uid"], &finding["type_uid"]), (&json!(2004), &json!(200_401)));
        assert_eq!((&finding["severity_id"], &finding["time"]), (&json!(3), &json!(1_700_000_000_000_i64)));
        assert_eq!(finding["evidences"][0]["src_endpoint"]["ip"], "10.0.0.9");
        let attacks = finding["finding_info"]["attacks"].as_array().unwrap();
        assert!(attacks.iter().any(|attack| attack["technique"]["uid"] == "T1046"), "{attacks:?}");
    }

    #[test]
    fn long_names_are_cut() {
        let long = "é".repeat(10_000);
        for shape in [Shape::Slack, Shape::Teams] {
            let settings = Settings { shape, title: Some("$name!".into()), ..Settings::default() };
            assert!(body(&settings, &alert(&long)).len() < 40_000);
            assert!(body(&settings, &alert("scan")).contains("scan!") || shape == Shape::Teams);
        }
    }
}
