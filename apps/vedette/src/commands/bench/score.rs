//! How well a detector did on a scenario.
//!
//! Belongs here: comparing what was told with what was to be told. Does not belong here: reading
//! captures, printing.

use super::expect::Expected;
use super::manifest::{Scenario, Sources};
use crate::commands::capture::Told;
use serde::Serialize;
use std::collections::BTreeSet;
use std::net::IpAddr;
use vedette_event::{Detection, DetectionKind};

/// One line of the result. Of the judgements, `None` means that the label does not say, or that
/// nothing was detected.
#[derive(Clone, Debug, Serialize)]
pub struct Score {
    pub scenario: String,
    pub what: String,
    pub positive: bool,
    pub detected: bool,
    pub right_source: Option<bool>,
    pub right_type: Option<bool>,
    pub right_shape: Option<bool>,
    /// Probes counted, and seconds passed since the first of them, when the alert was raised.
    pub probes_to_detection: Option<u64>,
    pub seconds_to_detection: Option<f64>,
    /// Alerts raised, and how many are right: one for a scan that is not labelled otherwise, none for the rest.
    pub alerts: usize,
    pub wanted: usize,
    /// What was recognised as something else, and raised none.
    pub recorded: usize,
    pub told: Vec<String>,
}

impl Score {
    /// Everything as it must be.
    pub fn is_right(&self) -> bool {
        let right = |judgement: Option<bool>| judgement != Some(false);
        if !self.positive {
            return self.alerts == 0;
        }
        let parts = [self.right_source, self.right_type, self.right_shape];
        self.detected && self.alerts == self.wanted && parts.into_iter().all(right)
    }
}

pub fn of(scenario: &Scenario, expected: &Expected, told: &[Told]) -> Score {
    let alerts: Vec<&Told> = told.iter().filter(|told| told.latest.kind == DetectionKind::Scan).collect();
    // Of several alerts the one that fits best speaks for the scenario.
    let best = alerts.iter().copied().max_by_key(|told| {
        let found = &told.latest;
        let fits = [source(scenario, found), kind(expected, found), shape(expected, found)];
        let right = fits.iter().filter(|&&fit| fit == Some(true)).count();
        (fits[0] == Some(true), right, found.probes)
    });
    let of_best = |judge: &dyn Fn(&Detection) -> Option<bool>| {
        best.filter(|_| scenario.positive).and_then(|told| judge(&told.latest))
    };
    Score {
        scenario: scenario.name.clone(),
        what: scenario.what.clone(),
        positive: scenario.positive,
        detected: best.is_some(),
        right_source: of_best(&|found| source(scenario, found)),
        right_type: of_best(&|found| kind(expected, found)),
        right_shape: of_best(&|found| shape(expected, found)),
        probes_to_detection: best.map(|told| told.opened.probes),
        seconds_to_detection: best
            .map(|told| told.opened.detected_at.since(told.latest.first_seen).max(0) as f64 / 1e6),
        alerts: alerts.len(),
        wanted: if scenario.positive { scenario.alerts } else { 0 },
        recorded: told.len() - alerts.len(),
        told: alerts.iter().map(|told| told.latest.name.clone()).collect(),
    }
}

fn source(scenario: &Scenario, found: &Detection) -> Option<bool> {
    let blamed: BTreeSet<IpAddr> = found.source_ips.iter().copied().collect();
    match &scenario.sources {
        Sources::Unknown => None,
        Sources::One(source) => Some(blamed == BTreeSet::from([*source])),
        Sources::AmongDecoys(real) => {
            let only = blamed.is_empty() || blamed == BTreeSet::from([*real]);
            Some(only && found.candidate_ips.first() == Some(real))
        }
        Sources::Several(all) => Some(blamed == all.iter().copied().collect()),
    }
}

fn kind(expected: &Expected, found: &Detection) -> Option<bool> {
    let each = |any: &Vec<_>| any.iter().any(|kind| found.scan_types.contains(kind));
    (!expected.types.is_empty()).then(|| expected.types.iter().all(each))
}

fn shape(expected: &Expected, found: &Detection) -> Option<bool> {
    expected.shape.map(|shape| shape == found.shape)
}
