//! What Cortex calls things, and what we call them.

use crate::state::{Resolution, Status};
use vedette_event::{AlertSource, Severity};

/// Severity as strict clients know it: they do not know `informational`.
pub fn severity(severity: Severity) -> &'static str {
    match severity {
        Severity::Informational | Severity::Low => "low",
        Severity::Medium => "medium",
        Severity::High => "high",
        Severity::Critical => "critical",
    }
}

/// The same in the words of exports and of `get_alerts_by_filter_data`.
pub fn severity_code(severity: Severity) -> &'static str {
    match severity {
        Severity::Informational => "SEV_010_INFO",
        Severity::Low => "SEV_020_LOW",
        Severity::Medium => "SEV_030_MEDIUM",
        Severity::High => "SEV_040_HIGH",
        Severity::Critical => "SEV_050_CRITICAL",
    }
}

/// Severities that a word stands for; what is shown as `low` is found as `low`. Empty for a word that
/// is none; `unknown` is a word, and no severity.
pub fn severities(word: &str) -> Option<Vec<Severity>> {
    Some(match word.trim().to_lowercase().as_str() {
        "informational" | "info" | "sev_010_info" => vec![Severity::Informational],
        "low" | "sev_020_low" => vec![Severity::Informational, Severity::Low],
        "medium" | "sev_030_medium" => vec![Severity::Medium],
        "high" | "sev_040_high" => vec![Severity::High],
        "critical" | "sev_050_critical" => vec![Severity::Critical],
        "unknown" => Vec::new(),
        _ => return None,
    })
}

/// The severity that a word sets; unknown is informational.
pub fn severity_to_set(word: &str) -> Option<Severity> {
    severities(word).map(|known| known.last().copied().unwrap_or(Severity::Informational))
}

pub fn source(source: AlertSource) -> &'static str {
    match source {
        AlertSource::Detection => "Vedette analytics",
        AlertSource::Correlation => "Correlation",
        AlertSource::External => "External",
    }
}

/// A source by our name, or by the name of what does the same in Cortex.
pub fn source_named(word: &str) -> Option<AlertSource> {
    match word.trim().to_lowercase().as_str() {
        "vedette analytics" | "detection" | "xdr analytics" | "xdr agent" => Some(AlertSource::Detection),
        "correlation" => Some(AlertSource::Correlation),
        "external" | "external alert" => Some(AlertSource::External),
        _ => None,
    }
}

/// Status in one word; the first names are those that every client knows.
pub fn status(status: &str, resolution: Option<&str>) -> &'static str {
    match (status, resolution) {
        ("new", _) => "new",
        ("in_progress", _) => "under_investigation",
        (_, Some("true_positive")) => "resolved_threat_handled",
        (_, Some("false_positive")) => "resolved_false_positive",
        (_, Some("duplicate")) => "resolved_duplicate_incident",
        (_, Some("self_test")) => "resolved_auto_resolve",
        _ => "resolved_known_issue",
    }
}

/// Status and resolution of a word, old names and new ones.
pub fn status_named(word: &str) -> Option<(Status, Option<Resolution>)> {
    let closed = |resolution| Some((Status::Closed, Some(resolution)));
    match plain(word).as_str() {
        "new" | "reopened" => Some((Status::New, None)),
        "under_investigation" | "in_progress" => Some((Status::InProgress, None)),
        "resolved" | "resolved_threat_handled" | "resolved_true_positive" => closed(Resolution::TruePositive),
        "resolved_false_positive" => closed(Resolution::FalsePositive),
        "resolved_duplicate" | "resolved_duplicate_incident" | "resolved_duplicate_case" => {
            closed(Resolution::Duplicate)
        }
        "resolved_security_testing" => closed(Resolution::KnownScanner),
        "resolved_known_issue" => closed(Resolution::Benign),
        "resolved_other" | "resolved_auto" | "resolved_auto_resolve" => closed(Resolution::Other),
        _ => None,
    }
}

/// Cases say `Resolved - True Positive` where incidents say `RESOLVED_TRUE_POSITIVE`.
fn plain(word: &str) -> String {
    let parts = word.split(|letter: char| !letter.is_alphanumeric()).filter(|part| !part.is_empty());
    parts.collect::<Vec<_>>().join("_").to_lowercase()
}

/// Progress and reason, as cases and issues have them.
pub fn progress(status: &str, resolution: Option<&str>) -> (&'static str, Option<&'static str>) {
    match (status, resolution) {
        ("new", _) => ("New", None),
        ("in_progress", _) => ("In Progress", None),
        (_, Some("true_positive")) => ("Resolved", Some("Resolved - True Positive")),
        (_, Some("false_positive")) => ("Resolved", Some("Resolved - False Positive")),
        (_, Some("duplicate")) => ("Resolved", Some("Resolved - Duplicate Case")),
        (_, Some("known_scanner")) => ("Resolved", Some("Resolved - Security Testing")),
        (_, Some("benign")) => ("Resolved", Some("Resolved - Known Issue")),
        _ => ("Resolved", Some("Resolved - Other")),
    }
}

/// `TA0007 - Discovery`; the number alone where the name is not known here.
pub fn mitre(id: &str) -> String {
    let name = match id {
        "TA0001" => "Initial Access",
        "TA0002" => "Execution",
        "TA0003" => "Persistence",
        "TA0004" => "Privilege Escalation",
        "TA0005" => "Defense Evasion",
        "TA0006" => "Credential Access",
        "TA0007" => "Discovery",
        "TA0008" => "Lateral Movement",
        "TA0009" => "Collection",
        "TA0010" => "Exfiltration",
        "TA0011" => "Command and Control",
        "TA0040" => "Impact",
        "TA0042" => "Resource Development",
        "TA0043" => "Reconnaissance",
        "T1018" => "Remote System Discovery",
        "T1046" => "Network Service Discovery",
        "T1595" => "Active Scanning",
        "T1595.001" => "Active Scanning: Scanning IP Blocks",
        "T1595.002" => "Active Scanning: Vulnerability Scanning",
        _ => return id.to_owned(),
    };
    format!("{id} - {name}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_shown_can_be_asked_for() {
        for one in
            [Severity::Informational, Severity::Low, Severity::Medium, Severity::High, Severity::Critical]
        {
            for word in [severity(one), severity_code(one)] {
                assert!(severities(word).is_some_and(|found| found.contains(&one)), "{word}");
            }
        }
        for one in AlertSource::ALL {
            assert_eq!(source_named(source(one)), Some(one));
        }
        for resolution in ["true_positive", "false_positive", "duplicate", "known_scanner", "benign", "other"]
        {
            let word = status("closed", Some(resolution));
            assert!(matches!(status_named(word), Some((Status::Closed, Some(_)))), "{word}");
            let reason = progress("closed", Some(resolution)).1.unwrap_or_default();
            let named = status_named(reason).and_then(|(_, named)| named);
            assert_eq!(named.map(Resolution::as_str), Some(resolution), "{reason}");
        }
        assert_eq!(status_named("In Progress"), Some((Status::InProgress, None)));
        assert_eq!(
            status_named("RESOLVED_FALSE_POSITIVE"),
            Some((Status::Closed, Some(Resolution::FalsePositive)))
        );
        assert!(
            status_named("gone").is_none() && severities("loud").is_none() && source_named("me").is_none()
        );
        assert_eq!((mitre("TA0007").as_str(), mitre("T9999").as_str()), ("TA0007 - Discovery", "T9999"));
    }
}
