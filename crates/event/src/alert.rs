//! What an alert says, whatever raised it: a detector's campaign, a correlation rule, or another
//! product that sent it in.

use crate::{Detection, Mitre, Severity, Time};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::net::IpAddr;

/// Who raised an alert.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AlertSource {
    /// The detectors: a campaign.
    Detection,
    /// A correlation rule.
    Correlation,
    /// Another product, through the API.
    External,
}

impl AlertSource {
    pub const ALL: [AlertSource; 3] =
        [AlertSource::Detection, AlertSource::Correlation, AlertSource::External];

    pub fn as_str(self) -> &'static str {
        match self {
            AlertSource::Detection => "detection",
            AlertSource::Correlation => "correlation",
            AlertSource::External => "external",
        }
    }

    pub fn parse(word: &str) -> Option<AlertSource> {
        AlertSource::ALL.into_iter().find(|source| source.as_str() == word)
    }
}

/// What a correlation rule or another product found. Lists hold at most 1,000 entries each, which
/// those who make a finding see to.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Finding {
    pub source: AlertSource,
    /// Tells findings of one source apart: a finding with the key of an alert brings that alert up
    /// to date instead of opening another.
    pub key: String,
    pub name: String,
    /// A sentence or more; empty when nothing was said.
    pub summary: String,
    pub severity: Severity,
    pub category: String,
    pub mitre: Mitre,
    pub source_ips: Vec<IpAddr>,
    pub target_ips: Vec<IpAddr>,
    pub hosts: Vec<String>,
    pub users: Vec<String>,
    pub first_seen: Time,
    pub last_seen: Time,
    pub detected_at: Time,
    /// Rows or events it stands for.
    pub count: u64,
    pub vendor: String,
    pub product: String,
    /// Further facts by name: what a rule maps to alert fields, or what the other product sent.
    #[serde(default)]
    pub fields: Map<String, Value>,
    /// With correlation rules.
    #[serde(default)]
    pub rule: Option<RuleHit>,
}

/// The run of a rule that a finding comes from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RuleHit {
    pub rule_id: i64,
    pub rule_name: String,
    /// The query as it was run.
    pub query: String,
    /// First moment of the search window, and the first after it.
    pub from: Time,
    pub to: Time,
    /// Rows of the result it stands for, the first of them whole.
    pub row_count: u64,
    pub rows: Vec<Map<String, Value>>,
    /// XQL that leads on from here; empty when the rule has none.
    #[serde(default)]
    pub drilldown: String,
}

/// What an alert is about.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(untagged)]
pub enum Subject {
    Detection(Box<Detection>),
    Finding(Box<Finding>),
}

impl From<Detection> for Subject {
    fn from(detection: Detection) -> Subject {
        Subject::Detection(Box::new(detection))
    }
}

impl From<Finding> for Subject {
    fn from(finding: Finding) -> Subject {
        Subject::Finding(Box::new(finding))
    }
}

/// Category of every detection of ours: the others name their own.
const SCANNING: &str = "Reconnaissance";

/// A fact that both have under the same name.
macro_rules! shared {
    ($($name:ident: $type:ty,)*) => {
        $(pub fn $name(&self) -> $type {
            match self {
                Subject::Detection(detection) => detection.$name,
                Subject::Finding(finding) => finding.$name,
            }
        })*
    };
    ($(ref $name:ident: $type:ty,)*) => {
        $(pub fn $name(&self) -> $type {
            match self {
                Subject::Detection(detection) => &detection.$name,
                Subject::Finding(finding) => &finding.$name,
            }
        })*
    };
}

impl Subject {
    shared! { severity: Severity, first_seen: Time, last_seen: Time, detected_at: Time, }
    shared! { ref name: &str, ref summary: &str, ref mitre: &Mitre, ref target_ips: &[IpAddr], }

    pub fn source(&self) -> AlertSource {
        match self {
            Subject::Detection(_) => AlertSource::Detection,
            Subject::Finding(finding) => finding.source,
        }
    }

    /// Tells this subject from all others of every source.
    pub fn key(&self) -> String {
        match self {
            Subject::Detection(detection) => detection.id.clone(),
            Subject::Finding(finding) => format!("{}:{}", finding.source.as_str(), finding.key),
        }
    }

    pub fn category(&self) -> &str {
        match self {
            Subject::Detection(_) => SCANNING,
            Subject::Finding(finding) => &finding.category,
        }
    }

    /// The sources; with decoys, everyone it may have been.
    pub fn source_ips(&self) -> &[IpAddr] {
        match self {
            Subject::Detection(d) if d.source_ips.is_empty() => &d.candidate_ips,
            Subject::Detection(d) => &d.source_ips,
            Subject::Finding(finding) => &finding.source_ips,
        }
    }

    /// Probes, rows or events it stands for.
    pub fn count(&self) -> u64 {
        match self {
            Subject::Detection(detection) => detection.probes,
            Subject::Finding(finding) => finding.count,
        }
    }

    pub fn detection(&self) -> Option<&Detection> {
        match self {
            Subject::Detection(detection) => Some(detection),
            Subject::Finding(_) => None,
        }
    }

    pub fn finding(&self) -> Option<&Finding> {
        match self {
            Subject::Detection(_) => None,
            Subject::Finding(finding) => Some(finding),
        }
    }

    pub fn rule(&self) -> Option<&RuleHit> {
        self.finding().and_then(|finding| finding.rule.as_ref())
    }
}
