//! What the detectors conclude: a campaign, as it stands at one moment.

use crate::{Process, Time};
use serde::{Deserialize, Serialize};
use std::net::IpAddr;

/// What a detection is about. Only [`DetectionKind::Scan`] raises an alert; the others are
/// recognised and recorded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DetectionKind {
    Scan,
    BenignDiscovery,
    Backscatter,
    Flood,
}

/// Technique of a scan, named as nmap names them where it has a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ScanType {
    TcpSyn,
    TcpConnect,
    TcpFin,
    TcpNull,
    TcpXmas,
    TcpAck,
    TcpWindow,
    TcpMaimon,
    /// Any other combination of flags that opens no connection.
    TcpOther,
    Udp,
    SctpInit,
    SctpCookieEcho,
    IpProtocol,
    PingSweep,
    ArpSweep,
    HostSweep,
    OsDetection,
    VersionDetection,
    ScriptScan,
    Idle,
}

impl ScanType {
    /// The name used in JSON, in queries and on the screen's details.
    pub fn as_str(self) -> &'static str {
        match self {
            ScanType::TcpSyn => "tcp_syn",
            ScanType::TcpConnect => "tcp_connect",
            ScanType::TcpFin => "tcp_fin",
            ScanType::TcpNull => "tcp_null",
            ScanType::TcpXmas => "tcp_xmas",
            ScanType::TcpAck => "tcp_ack",
            ScanType::TcpWindow => "tcp_window",
            ScanType::TcpMaimon => "tcp_maimon",
            ScanType::TcpOther => "tcp_other",
            ScanType::Udp => "udp",
            ScanType::SctpInit => "sctp_init",
            ScanType::SctpCookieEcho => "sctp_cookie_echo",
            ScanType::IpProtocol => "ip_protocol",
            ScanType::PingSweep => "ping_sweep",
            ScanType::ArpSweep => "arp_sweep",
            ScanType::HostSweep => "host_sweep",
            ScanType::OsDetection => "os_detection",
            ScanType::VersionDetection => "version_detection",
            ScanType::ScriptScan => "script_scan",
            ScanType::Idle => "idle",
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Shape {
    /// Many ports of one host.
    Vertical,
    /// Few ports over many hosts.
    Horizontal,
    /// Many ports over many hosts.
    Block,
    /// Many sources that share the work.
    Distributed,
    /// One real source hidden among invented ones.
    Decoy,
}

/// How sure it is that the source is who sent the packets.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Attribution {
    /// It completed a handshake, its resets of our answers came the way its probes came, or it is a local process.
    Confirmed,
    /// Nothing tells. That it reset our answers does not: any live host does.
    Unconfirmed,
    /// The address is invented, or a live host's in whose name another one sends.
    Spoofed,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    Informational,
    Low,
    Medium,
    High,
    Critical,
}

impl Severity {
    pub fn as_str(self) -> &'static str {
        match self {
            Severity::Informational => "informational",
            Severity::Low => "low",
            Severity::Medium => "medium",
            Severity::High => "high",
            Severity::Critical => "critical",
        }
    }
}

/// What a campaign did since it was last told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Change {
    Opened,
    Updated,
    Closed,
}

/// The tool we think it was, and why.
#[derive(Clone, Debug, PartialEq, Default, Serialize, Deserialize)]
pub struct Tool {
    /// Empty when unknown.
    pub name: String,
    pub version_hint: String,
    /// 0.0 to 1.0.
    pub confidence: f64,
    /// One sentence for each observed fact.
    pub evidence: Vec<String>,
}

/// MITRE ATT&CK identifiers, version 19.
#[derive(Clone, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Mitre {
    /// `TA0007`, …
    pub tactics: Vec<String>,
    /// `T1046`, …
    pub techniques: Vec<String>,
}

/// A probed port that answered as open.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct OpenPort {
    pub host: IpAddr,
    pub port: u16,
    /// IP protocol number.
    pub protocol: u8,
}

/// What the sensor itself lost while the campaign ran.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct SensorLosses {
    /// Packets the kernel dropped before the sensor read them.
    pub packets_dropped: u64,
    /// Events dropped between sensor and store.
    pub events_dropped: u64,
    /// Attempts that stand in the figures only as a count, because a flood was aggregated.
    pub attempts_aggregated: u64,
}

/// One contact that was weighed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct WeighedContact {
    pub time: Time,
    pub source: Option<IpAddr>,
    pub target: IpAddr,
    pub port: u16,
    /// As in the reasons: `SYN`, `UDP`, `ping`, …
    pub technique: String,
    /// What came of it: `refused`, `opened and closed without a word`, …
    pub answer: String,
    /// Nats: the logarithm of how much likelier a scanner makes such a contact than a client.
    pub weight: f64,
    /// The sum of weights after this contact, older ones faded with time.
    pub score: f64,
}

/// The numbers behind a verdict.
#[derive(Clone, Debug, PartialEq, Default, Serialize, Deserialize)]
pub struct Explanation {
    /// What the contacts have in common: `distinct ports of 10.0.0.5`.
    pub about: String,
    /// Over how long they were added up: `a minute`, `an hour`, `a day` or `a week`.
    pub within: String,
    /// The contacts that decided, in order, at most 32.
    pub contacts: Vec<WeighedContact>,
    /// What would have made it not fire (or, of a source that did not fire, fire): a sentence each.
    pub otherwise: Vec<String>,
}

/// A campaign as it stands. The same object goes to `replay --format json`, the API and `alerts`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Detection {
    /// Stable for the life of the campaign; the same events give the same identifier.
    pub id: String,
    pub change: Change,
    pub kind: DetectionKind,
    /// One line for a list: "TCP SYN scan of 10.0.0.5 from 10.0.0.9".
    pub name: String,
    /// One or two sentences for a person: who, how, what it learnt, how sure we are.
    pub summary: String,
    pub source_ips: Vec<IpAddr>,
    /// Of the sources those that completed a handshake. A live host whose address is forged resets what it
    /// did not ask for, just as a SYN scanner does; a handshake it cannot complete.
    #[serde(default)]
    pub proven_ips: Vec<IpAddr>,
    /// With decoys: everyone it may have been, likeliest first.
    pub candidate_ips: Vec<IpAddr>,
    pub target_ips: Vec<IpAddr>,
    /// True where one of the address lists was cut for length.
    pub addresses_cut: bool,
    pub scan_types: Vec<ScanType>,
    pub shape: Shape,
    /// `inbound`, `outbound` or `observed`.
    pub direction: String,
    pub first_seen: Time,
    pub last_seen: Time,
    /// Event time of the deciding packet.
    pub detected_at: Time,
    pub probes: u64,
    pub distinct_ports: u32,
    pub distinct_hosts: u32,
    /// Probed ports as ranges: `1-1000,3306`.
    pub ports: String,
    /// Distinct port numbers that answered as open.
    pub open_ports: Vec<u16>,
    /// The same by host and protocol, at most 1,000.
    pub open_services: Vec<OpenPort>,
    pub tool: Tool,
    pub attribution: Attribution,
    pub severity: Severity,
    pub mitre: Mitre,
    /// Evidence score when it fired and now, and what it took to fire.
    pub score: f64,
    pub threshold: f64,
    /// Why it fired, strongest first: one sentence each with its number.
    pub reasons: Vec<String>,
    /// The same as numbers.
    #[serde(default)]
    pub explanation: Explanation,
    pub sensor_losses: SensorLosses,
    /// The local processes that made the probes, where the source is a host with a sensor and it
    /// knows them; the first ones, each once.
    #[serde(default)]
    pub processes: Vec<Process>,
    /// Identifiers of the observers that saw it.
    pub observers: Vec<String>,
    /// Identifier of the campaign that it turned out to be part of; it is over then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub part_of: Option<String>,
}

/// Port numbers as a list of ranges, `22,80-90`; an empty string for none.
///
/// `ports` must be sorted and free of duplicates.
pub fn port_list(ports: impl IntoIterator<Item = u16>) -> String {
    let mut text = String::new();
    let mut run: Option<(u16, u16)> = None;
    let close = |text: &mut String, (from, to): (u16, u16)| {
        if !text.is_empty() {
            text.push(',');
        }
        text.push_str(&from.to_string());
        if to > from {
            text.push('-');
            text.push_str(&to.to_string());
        }
    };
    for port in ports {
        run = Some(match run {
            Some((from, to)) if port == to.wrapping_add(1) && to != u16::MAX => (from, port),
            Some(done) => {
                close(&mut text, done);
                (port, port)
            }
            None => (port, port),
        });
    }
    if let Some(done) = run {
        close(&mut text, done);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ports_become_ranges() {
        assert_eq!(port_list([]), "");
        assert_eq!(port_list([22]), "22");
        assert_eq!(port_list([1, 2, 3, 80, 443, 444]), "1-3,80,443-444");
        assert_eq!(port_list([0, 65534, 65535]), "0,65534-65535");
    }

    #[test]
    fn names_match_their_json() {
        for kind in [ScanType::TcpSyn, ScanType::OsDetection, ScanType::ArpSweep, ScanType::Idle] {
            let json = serde_json::to_string(&kind).unwrap_or_default();
            assert_eq!(json, format!("\"{}\"", kind.as_str()));
        }
    }
}
