//! What an exclusion says: alerts that nobody needs to see, and which those are. Pure.
//!
//! Belongs here: conditions, when an alert meets them, how wide they are. Does not belong here: where
//! exclusions are kept and counted (`state`), who may make them (`api`).
//!
//! An exclusion hides what it covers whole: an alert with one source, target or port beyond it is
//! shown. Nothing an attacker chooses may hide an attack, so a source that may be spoofed, and a list of
//! addresses that was cut for length, meet no condition on addresses.

use crate::prefix::Prefix;
use serde::{Deserialize, Serialize};
use std::net::IpAddr;
use utoipa::ToSchema;
use vedette_event::{AlertSource, Attribution, ScanType, Severity, Subject};

/// Entries of one list of conditions, and characters of one text.
const MOST_ENTRIES: usize = 200;
const LONGEST_TEXT: usize = 300;
/// Entries an alert's address lists hold at most: one that is full may have been cut.
const FULL_LIST: usize = 1000;
/// Letters of a name that are needed for it to say something.
const TELLING_NAME: usize = 4;

/// All that are given must hold; of a list, each of the alert's values must be in it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Conditions {
    /// What raised it: `detection`, `correlation`, `external`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(value_type = Vec<String>)]
    pub raised_by: Vec<AlertSource>,
    /// Number of a correlation rule.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rule_id: Option<i64>,
    /// The alert's name, case aside; `*` stands for any text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The alert's category, case aside.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub category: Option<String>,
    /// Addresses and networks that all its sources lie in.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(value_type = Vec<String>)]
    pub sources: Vec<Prefix>,
    /// Addresses and networks that all its targets lie in.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(value_type = Vec<String>)]
    pub targets: Vec<Prefix>,
    /// Names that hold all the hosts it speaks of, case aside.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub hosts: Vec<String>,
    /// Techniques; a scan that uses any other is shown.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(value_type = Vec<String>)]
    pub scan_types: Vec<ScanType>,
    /// Ports like `22,8000-8100`; a scan that probes any other is shown.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ports: Option<String>,
    /// Alerts of a higher severity are shown.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub severity_at_most: Option<Severity>,
}

/// How much conditions leave.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Breadth {
    /// They hold for every alert.
    Everything,
    /// They say neither who, nor whom, nor what.
    Wide,
    Narrow,
}

impl Conditions {
    /// Why they cannot be kept: a sentence for whoever wrote them.
    pub fn mistake(&self) -> Option<String> {
        let lists = [
            ("sources", self.sources.len()),
            ("targets", self.targets.len()),
            ("hosts", self.hosts.len()),
            ("scan_types", self.scan_types.len()),
        ];
        if let Some((name, _)) = lists.iter().find(|(_, length)| *length > MOST_ENTRIES) {
            return Some(format!("`{name}` has more than {MOST_ENTRIES} entries."));
        }
        let texts = self.name.iter().chain(&self.category).chain(&self.hosts);
        for text in texts {
            if text.trim().is_empty() || text.chars().count() > LONGEST_TEXT {
                return Some(format!("A name, category or host has 1 to {LONGEST_TEXT} characters."));
            }
        }
        match self.ports.as_deref().map(ranges) {
            Some(None) => Some("`ports` is not a list like 22,8000-8100.".to_owned()),
            _ => None,
        }
    }

    pub fn breadth(&self) -> Breadth {
        let telling = |name: &String| name.chars().filter(|c| *c != '*').count() >= TELLING_NAME;
        let told = |prefixes: &[Prefix]| !prefixes.is_empty() && !prefixes.iter().any(Prefix::is_wide);
        let says = told(&self.sources)
            || told(&self.targets)
            || !self.hosts.is_empty()
            || self.rule_id.is_some()
            || self.category.is_some()
            || self.name.as_ref().is_some_and(telling);
        match (says, self.holds_always()) {
            (_, true) => Breadth::Everything,
            (false, false) => Breadth::Wide,
            (true, false) => Breadth::Narrow,
        }
    }

    fn holds_always(&self) -> bool {
        let all = |prefixes: &[Prefix]| prefixes.is_empty() || prefixes.iter().any(Prefix::is_everything);
        let every_source = AlertSource::ALL.iter().all(|source| self.raised_by.contains(source));
        (self.raised_by.is_empty() || every_source)
            && self.rule_id.is_none()
            && self.name.as_ref().is_none_or(|name| name.chars().all(|c| c == '*'))
            && self.category.is_none()
            && all(&self.sources)
            && all(&self.targets)
            && self.hosts.is_empty()
            && self.scan_types.is_empty()
            && self.ports.as_deref().and_then(ranges).is_none_or(|list| covers(&list, (0, u16::MAX)))
            && self.severity_at_most.is_none_or(|most| most == Severity::Critical)
    }

    /// Whether an alert about `subject`, of this severity, meets them.
    pub fn hold(&self, subject: &Subject, severity: Severity) -> bool {
        (self.raised_by.is_empty() || self.raised_by.contains(&subject.source()))
            && self.rule_id.is_none_or(|id| subject.rule().is_some_and(|rule| rule.rule_id == id))
            && self.name.as_ref().is_none_or(|pattern| matches(pattern, subject.name()))
            && self.category.as_ref().is_none_or(|category| same_text(category, subject.category()))
            && self.severity_at_most.is_none_or(|most| severity <= most)
            && (self.sources.is_empty() || holds_sources(&self.sources, subject))
            && (self.targets.is_empty() || holds_targets(&self.targets, subject))
            && (self.hosts.is_empty() || self.holds_hosts(subject))
            && (self.scan_types.is_empty() || self.holds_techniques(subject))
            && self.ports.as_ref().is_none_or(|ports| holds_ports(ports, subject))
    }

    fn holds_hosts(&self, subject: &Subject) -> bool {
        let hosts = subject.finding().map(|finding| finding.hosts.as_slice()).unwrap_or_default();
        let named = |host: &String| self.hosts.iter().any(|known| same_text(known, host));
        (1..FULL_LIST).contains(&hosts.len()) && hosts.iter().all(named)
    }

    fn holds_techniques(&self, subject: &Subject) -> bool {
        let used = subject.detection().map(|d| d.scan_types.as_slice()).unwrap_or_default();
        !used.is_empty() && used.iter().all(|one| self.scan_types.contains(one))
    }
}

fn holds_sources(within: &[Prefix], subject: &Subject) -> bool {
    match subject {
        Subject::Detection(d) => {
            let all: Vec<IpAddr> = d.source_ips.iter().chain(&d.candidate_ips).copied().collect();
            d.attribution != Attribution::Spoofed && !d.addresses_cut && all_within(within, &all)
        }
        Subject::Finding(finding) => all_within(within, &finding.source_ips),
    }
}

fn holds_targets(within: &[Prefix], subject: &Subject) -> bool {
    let cut = subject.detection().is_some_and(|d| d.addresses_cut);
    !cut && all_within(within, subject.target_ips())
}

fn all_within(within: &[Prefix], addresses: &[IpAddr]) -> bool {
    let held = |address: &IpAddr| within.iter().any(|prefix| prefix.contains(*address));
    (1..FULL_LIST).contains(&addresses.len()) && addresses.iter().all(held)
}

fn holds_ports(allowed: &str, subject: &Subject) -> bool {
    let probed = subject.detection().and_then(|d| ranges(&d.ports)).unwrap_or_default();
    let Some(allowed) = ranges(allowed) else { return false };
    !probed.is_empty() && probed.iter().all(|range| covers(&allowed, *range))
}

/// Whether a range lies in the list, which may cover it in pieces.
fn covers(list: &[(u16, u16)], (first, last): (u16, u16)) -> bool {
    let mut next = u32::from(first);
    let mut sorted = list.to_vec();
    sorted.sort_unstable();
    for (from, to) in sorted {
        if u32::from(from) <= next && u32::from(to) >= next {
            next = u32::from(to) + 1;
        }
    }
    next > u32::from(last)
}

/// `22,8000-8100` as ranges; `None` for what is no such list.
fn ranges(text: &str) -> Option<Vec<(u16, u16)>> {
    let one = |part: &str| {
        let (from, to) = part.split_once('-').unwrap_or((part, part));
        let (from, to) = (from.trim().parse().ok()?, to.trim().parse().ok()?);
        (from <= to).then_some((from, to))
    };
    text.split(',').map(str::trim).filter(|part| !part.is_empty()).map(one).collect()
}

fn same_text(a: &str, b: &str) -> bool {
    a.trim().to_lowercase() == b.trim().to_lowercase()
}

/// Whether a text is of a pattern in which `*` stands for any text. Takes time in proportion to the two
/// lengths multiplied, at worst.
fn matches(pattern: &str, text: &str) -> bool {
    let pattern: Vec<char> = pattern.trim().to_lowercase().chars().collect();
    let text: Vec<char> = text.trim().to_lowercase().chars().collect();
    let (mut p, mut t) = (0, 0);
    // Where the last star stands, and how much of the text it has taken.
    let mut star: Option<(usize, usize)> = None;
    while let Some(letter) = text.get(t) {
        match pattern.get(p) {
            Some('*') => {
                star = Some((p, t));
                p += 1;
            }
            Some(wanted) if wanted == letter => {
                p += 1;
                t += 1;
            }
            _ => match star {
                Some((at, taken)) => {
                    star = Some((at, taken + 1));
                    p = at + 1;
                    t = taken + 1;
                }
                None => return false,
            },
        }
    }
    pattern.iter().skip(p).all(|left| *left == '*')
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::state::tests::{detection, finding};
    use serde_json::json;

    fn read(value: serde_json::Value) -> Conditions {
        serde_json::from_value(value).unwrap()
    }

    fn hold(conditions: serde_json::Value, subject: impl Into<Subject>) -> bool {
        let subject = subject.into();
        read(conditions).hold(&subject, subject.severity())
    }

    #[test]
    fn a_source_is_hidden_with_all_its_company_or_not_at_all() {
        let scan = || detection("a");
        assert!(hold(json!({"sources": ["10.0.0.9"]}), scan()));
        assert!(hold(json!({"sources": ["10.0.0.0/24"], "targets": ["10.0.0.5"]}), scan()));
        assert!(!hold(json!({"sources": ["10.0.0.8"]}), scan()));
        assert!(!hold(json!({"sources": ["10.0.0.9"], "targets": ["10.0.0.6"]}), scan()));
        let mut more = scan();
        more.source_ips.push("203.0.113.9".parse().unwrap());
        assert!(!hold(json!({"sources": ["10.0.0.9"]}), more), "a stranger takes part");
        let mut decoy = scan();
        decoy.candidate_ips.push("203.0.113.9".parse().unwrap());
        assert!(!hold(json!({"sources": ["10.0.0.9"]}), decoy), "it may have been the stranger");
    }

    #[test]
    fn what_may_be_forged_or_cut_hides_nothing() {
        let mut spoofed = detection("a");
        spoofed.attribution = Attribution::Spoofed;
        assert!(!hold(json!({"sources": ["10.0.0.9"]}), spoofed));
        let mut cut = detection("a");
        cut.addresses_cut = true;
        assert!(!hold(json!({"sources": ["10.0.0.9"]}), cut.clone()));
        assert!(!hold(json!({"targets": ["10.0.0.5"]}), cut));
        let mut nobody = detection("a");
        nobody.source_ips.clear();
        assert!(!hold(json!({"sources": ["0.0.0.0/0"]}), nobody));
        let mut full = finding("f");
        full.source_ips = vec!["203.0.113.7".parse().unwrap(); FULL_LIST];
        assert!(!hold(json!({"sources": ["203.0.113.7"]}), full));
    }

    #[test]
    fn one_more_port_or_technique_is_shown() {
        let mut scan = detection("a");
        (scan.ports, scan.scan_types) = ("22,80-90".into(), vec![ScanType::TcpSyn]);
        assert!(hold(json!({"ports": "1-50,80-85, 86-100"}), scan.clone()));
        assert!(hold(json!({"ports": "22,80-90", "scan_types": ["tcp_syn", "udp"]}), scan.clone()));
        assert!(!hold(json!({"ports": "22,80-89"}), scan.clone()));
        assert!(!hold(json!({"scan_types": ["udp"]}), scan));
        assert!(!hold(json!({"ports": "1-65535"}), finding("f")), "a finding has no ports to compare");
        assert!(!hold(json!({"ports": "1-65535"}), detection("none known")));
    }

    #[test]
    fn findings_are_met_by_name_host_category_and_severity() {
        assert!(hold(json!({"name": "something odd*"}), finding("f")));
        assert!(hold(json!({"hosts": ["WEB-1"], "category": "malware"}), finding("f")));
        assert!(!hold(json!({"hosts": ["web-2"]}), finding("f")));
        assert!(!hold(json!({"raised_by": ["correlation"]}), finding("f")));
        assert!(hold(json!({"severity_at_most": "high"}), finding("f")));
        assert!(!hold(json!({"severity_at_most": "medium"}), finding("f")), "it is high");
        assert!(!hold(json!({"rule_id": 1}), finding("f")));
    }

    #[test]
    fn patterns_do_not_run_away() {
        assert!(
            matches("a*c", "abbbc") && matches("*", "") && matches("a**", "a") && !matches("a*c", "abcd")
        );
        assert!(!matches("abc", "ab") && !matches("", "a"));
        let begin = std::time::Instant::now();
        assert!(!matches(&"a*".repeat(140), &("a".repeat(20_000) + "b!")) || begin.elapsed().as_secs() < 2);
        assert!(begin.elapsed().as_secs() < 2);
    }

    #[test]
    fn breadth_is_told() {
        for everything in [
            json!({}),
            json!({"sources": ["0.0.0.0/0"]}),
            json!({"name": "*", "ports": "0-65535", "severity_at_most": "critical"}),
            json!({"raised_by": ["detection", "correlation", "external"]}),
        ] {
            assert_eq!(read(everything.clone()).breadth(), Breadth::Everything, "{everything}");
        }
        for wide in [
            json!({"raised_by": ["external"]}),
            json!({"severity_at_most": "low"}),
            json!({"sources": ["128.0.0.0/1"]}),
            json!({"name": "*a*"}),
            json!({"scan_types": ["tcp_syn"], "ports": "22"}),
        ] {
            assert_eq!(read(wide.clone()).breadth(), Breadth::Wide, "{wide}");
        }
        for narrow in [json!({"sources": ["10.0.0.9"]}), json!({"rule_id": 3}), json!({"name": "TCP SYN*"})] {
            assert_eq!(read(narrow.clone()).breadth(), Breadth::Narrow, "{narrow}");
        }
    }

    #[test]
    fn mistakes_are_named() {
        assert!(read(json!({"ports": "80-22"})).mistake().unwrap().contains("ports"));
        assert!(read(json!({"ports": "70000"})).mistake().is_some());
        assert!(read(json!({"name": "  "})).mistake().is_some());
        assert!(read(json!({"hosts": vec!["a"; 201]})).mistake().unwrap().contains("hosts"));
        assert!(read(json!({"hosts": ["x".repeat(301)]})).mistake().is_some());
        assert_eq!(read(json!({"ports": "22", "name": "x"})).mistake(), None);
        assert!(
            serde_json::from_value::<Conditions>(json!({"source": ["10.0.0.9"]})).is_err(),
            "a slip of the pen"
        );
    }
}
