//! An alert as lists show it.

use crate::state::AlertRecord;
use serde::Serialize;
use std::net::IpAddr;
use utoipa::ToSchema;
use vedette_event::{AlertSource, Attribution, ScanType, Severity, Shape, Time};

/// Addresses and ports a summary shows; the detection has them all.
const FEW_ADDRESSES: usize = 10;
const FEW_PORTS: usize = 20;

/// An alert as lists show it.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct AlertSummary {
    pub id: i64,
    /// `new`, `in_progress` or `closed`.
    pub status: String,
    /// Why it was closed; null while it is not.
    pub resolution: Option<String>,
    pub assignee: Option<String>,
    /// The campaign is still going on.
    pub active: bool,
    /// Made by Vedette's own self-test.
    pub self_test: bool,
    #[schema(value_type = String, format = DateTime)]
    pub created_at: Time,
    #[schema(value_type = String, format = DateTime)]
    pub updated_at: Time,
    #[schema(value_type = Option<String>, format = DateTime)]
    pub closed_at: Option<Time>,
    pub comment_count: i64,
    /// Null for a self-test, and for what was excluded from the start.
    pub incident_id: Option<i64>,
    /// Number of the exclusion that keeps it out of lists and notifications.
    pub excluded_by: Option<i64>,
    /// What raised it: `detection`, `correlation` or `external`.
    #[schema(value_type = String)]
    pub source: AlertSource,
    pub category: String,
    /// Later hits that were kept back as the same.
    pub duplicates: i64,
    /// Number and name of the correlation rule; null without one.
    pub rule_id: Option<i64>,
    pub rule_name: Option<String>,
    /// Hosts and users it speaks of by name, the first 10.
    pub hosts: Vec<String>,
    pub users: Vec<String>,
    /// Null for what is no detection, as are `shape` and `attribution`.
    pub detection_id: Option<String>,
    pub name: String,
    pub summary: String,
    #[schema(value_type = String)]
    pub severity: Severity,
    /// The first 10.
    #[schema(value_type = Vec<String>)]
    pub source_ips: Vec<IpAddr>,
    pub source_count: usize,
    #[schema(value_type = Vec<String>)]
    pub target_ips: Vec<IpAddr>,
    pub target_count: usize,
    #[schema(value_type = Vec<String>)]
    pub scan_types: Vec<ScanType>,
    #[schema(value_type = Option<String>)]
    pub shape: Option<Shape>,
    /// Empty for what is no detection.
    pub direction: String,
    #[schema(value_type = String, format = DateTime)]
    pub first_seen: Time,
    #[schema(value_type = String, format = DateTime)]
    pub last_seen: Time,
    #[schema(value_type = String, format = DateTime)]
    pub detected_at: Time,
    /// Probes; for what is no detection, the rows or events it stands for.
    pub probes: u64,
    pub distinct_ports: u32,
    pub distinct_hosts: u32,
    /// The first 20.
    pub open_ports: Vec<u16>,
    /// Tool it looks like; null when unknown.
    pub tool: Option<String>,
    #[schema(value_type = Option<String>)]
    pub attribution: Option<Attribution>,
    pub mitre_tactics: Vec<String>,
    pub mitre_techniques: Vec<String>,
}

impl AlertSummary {
    pub fn of(record: &AlertRecord) -> AlertSummary {
        let (life, subject) = (&record.life, &record.subject);
        let (d, finding) = (subject.detection(), subject.finding());
        let few = |all: &[IpAddr]| all.iter().copied().take(FEW_ADDRESSES).collect();
        let names = |all: &[String]| all.iter().take(FEW_ADDRESSES).cloned().collect();
        AlertSummary {
            id: life.alert_id,
            status: life.status.clone(),
            resolution: life.resolution.clone(),
            assignee: life.assignee.clone(),
            active: life.active,
            self_test: record.self_test,
            created_at: life.created_at,
            updated_at: life.updated_at,
            closed_at: record.closed_at,
            comment_count: record.comment_count,
            incident_id: life.incident_id,
            excluded_by: life.excluded_by,
            source: subject.source(),
            category: subject.category().to_owned(),
            duplicates: life.duplicates,
            rule_id: subject.rule().map(|rule| rule.rule_id),
            rule_name: subject.rule().map(|rule| rule.rule_name.clone()),
            hosts: finding.map(|finding| names(&finding.hosts)).unwrap_or_default(),
            users: finding.map(|finding| names(&finding.users)).unwrap_or_default(),
            detection_id: d.map(|d| d.id.clone()),
            name: subject.name().to_owned(),
            summary: subject.summary().to_owned(),
            severity: record.severity(),
            source_ips: few(subject.source_ips()),
            source_count: subject.source_ips().len(),
            target_ips: few(subject.target_ips()),
            target_count: subject.target_ips().len(),
            scan_types: d.map(|d| d.scan_types.clone()).unwrap_or_default(),
            shape: d.map(|d| d.shape),
            direction: d.map(|d| d.direction.clone()).unwrap_or_default(),
            first_seen: subject.first_seen(),
            last_seen: subject.last_seen(),
            detected_at: subject.detected_at(),
            probes: subject.count(),
            distinct_ports: d.map_or(0, |d| d.distinct_ports),
            distinct_hosts: d.map_or(0, |d| d.distinct_hosts),
            open_ports: d.map(|d| few_ports(&d.open_ports)).unwrap_or_default(),
            tool: d.map(|d| d.tool.name.clone()).filter(|name| !name.is_empty()),
            attribution: d.map(|d| d.attribution),
            mitre_tactics: subject.mitre().tactics.clone(),
            mitre_techniques: subject.mitre().techniques.clone(),
        }
    }
}

/// The first addresses or names of a list.
pub fn address_list(mut all: Vec<String>) -> Vec<String> {
    all.truncate(FEW_ADDRESSES);
    all
}

fn few_ports(ports: &[u16]) -> Vec<u16> {
    ports.iter().copied().take(FEW_PORTS).collect()
}
