//! Texts of messages with fields of the alert in them: `$severity: $name from $source_ips`.
//!
//! The language is that of the rules' texts: `$name` or `${name}`, `$$` for a dollar. Values come from
//! logs and packets: they are put in as they are, bounded, and never read again.

use crate::rules::text::{Row, fill, names};
use crate::state::AlertRecord;
use serde_json::json;

/// Longest template and longest text made of it, in characters.
const LONGEST_TEMPLATE: usize = 4_000;
pub const LONGEST_TITLE: usize = 200;
const LONGEST_BODY: usize = 8_000;

/// What may be put in.
const FIELDS: [&str; 18] = [
    "id",
    "name",
    "summary",
    "severity",
    "category",
    "source",
    "status",
    "incident_id",
    "source_ips",
    "target_ips",
    "hosts",
    "users",
    "count",
    "techniques",
    "rule",
    "first_seen",
    "last_seen",
    "detected_at",
];

/// What is wrong with a template, as a sentence for the user.
pub fn check(what: &str, template: &str) -> Result<(), String> {
    if template.trim().is_empty() || template.chars().count() > LONGEST_TEMPLATE {
        return Err(format!("`{what}` has 1 to {LONGEST_TEMPLATE} characters"));
    }
    match names(template).into_iter().find(|name| !FIELDS.contains(name)) {
        Some(name) => {
            Err(format!("`{what}` asks for ${name}, which no alert has; there is ${}", FIELDS.join(", $")))
        }
        None => Ok(()),
    }
}

/// One line.
pub fn title(template: &str, alert: &AlertRecord) -> String {
    let text = fill(template, &fields(alert), LONGEST_TITLE);
    text.chars().map(|letter| if letter.is_control() { ' ' } else { letter }).collect()
}

pub fn body(template: &str, alert: &AlertRecord) -> String {
    fill(template, &fields(alert), LONGEST_BODY)
}

fn fields(alert: &AlertRecord) -> Row {
    let (life, subject) = (&alert.life, &alert.subject);
    let finding = subject.finding();
    let row = json!({
        "id": life.alert_id,
        "name": subject.name(),
        "summary": subject.summary(),
        "severity": alert.severity(),
        "category": subject.category(),
        "source": subject.source().as_str(),
        "status": life.status,
        "incident_id": life.incident_id,
        "source_ips": subject.source_ips(),
        "target_ips": subject.target_ips(),
        "hosts": finding.map(|finding| finding.hosts.clone()).unwrap_or_default(),
        "users": finding.map(|finding| finding.users.clone()).unwrap_or_default(),
        "count": subject.count(),
        "techniques": subject.mitre().techniques,
        "rule": subject.rule().map(|rule| rule.rule_id),
        "first_seen": subject.first_seen().to_string(),
        "last_seen": subject.last_seen().to_string(),
        "detected_at": subject.detected_at().to_string(),
    });
    match row {
        serde_json::Value::Object(row) => row,
        _ => Row::new(),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::super::shapes::tests::alert;
    use super::*;

    #[test]
    fn fields_are_put_in_once() {
        let hostile = alert("scan $summary\r\nBcc: x");
        assert_eq!(title("[$severity] $name", &hostile), "[medium] scan $summary  Bcc: x");
        assert_eq!(body("${source_ips} to $target_ips.", &hostile), "10.0.0.9 to 10.0.0.5.");
        assert_eq!(body("costs $$5", &hostile), "costs $5");
        for field in FIELDS {
            assert!(!body(&format!("${field}"), &hostile).starts_with('$'), "{field} is there");
        }
        assert!(title(&"$name".repeat(900), &hostile).chars().count() <= LONGEST_TITLE + 1);
    }

    #[test]
    fn mistakes_are_told_when_a_channel_is_made() {
        assert_eq!(check("title", "$severity $$ ${name}"), Ok(()));
        let why = check("title", "$shoe_size").unwrap_err();
        assert!(why.contains("$shoe_size") && why.contains("$source_ips"), "{why}");
        assert!(check("body", " ").is_err() && check("body", &"x".repeat(5_000)).is_err());
    }
}
