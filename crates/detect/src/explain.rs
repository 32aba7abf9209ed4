//! The numbers behind a verdict, and behind there being none.
//!
//! Belongs here: what was weighed, in order, and what would have tipped the scales. Does not belong
//! here: weighing (see [`crate::evidence`]).

use crate::campaign::Campaign;
use crate::config::Sensitivity;
use crate::detector::Detector;
use crate::evidence::{self, TALKED};
use crate::scales::{self, Evidence, Standing};
use crate::source::{Contact, LineKey};
use crate::words::{about, number, technique_name};
use serde::Serialize;
use std::net::IpAddr;
use vedette_event::{DetectionKind, Explanation, Time, WeighedContact};

/// What a contact that must be assumed weighs: a refused connection.
const REFUSED: f64 = 1.39;

/// How a source stands that may or may not have fired.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct SourceStanding {
    pub source: IpAddr,
    /// Identifier of the campaign it is in.
    pub campaign: Option<String>,
    /// What that campaign is; only a scan raises an alert.
    pub kind: Option<DetectionKind>,
    /// The class of discovery that covers it, and why.
    pub class: Option<String>,
    /// Of the line closest to its bar.
    pub score: f64,
    pub threshold: f64,
    /// First contacts remembered one by one.
    pub contacts: usize,
    pub explanation: Explanation,
}

impl Detector {
    /// Why a source has fired, or has not; `None` when nothing is remembered of it.
    pub fn explain(&self, address: IpAddr) -> Option<SourceStanding> {
        let source = self.sources.lookup(address)?;
        let campaign = source.campaign.and_then(|serial| self.campaigns.get(serial));
        let closest = source.closest(self.margin);
        let standing = closest.map_or(
            Standing { scale: 0, score: f64::from(source.suspicion()), bar: self.margin },
            |(_, standing)| standing,
        );
        let line = closest.map(|(line, _)| line);
        let on_line = |contact: &&Contact| {
            line.is_none_or(|line| line.holds(contact.target, contact.technique, contact.port))
        };
        let contacts: Vec<Contact> = source.contacts.iter().filter(on_line).copied().collect();
        let mut explanation = Explanation {
            about: line.map_or_else(|| "a single contact".to_owned(), |line| about(Some(line))),
            within: scales::words(standing.scale).to_owned(),
            contacts: weighed(&contacts, line, standing.scale, Some(address)),
            otherwise: Vec::new(),
        };
        explanation.otherwise = match campaign {
            Some(campaign) => {
                otherwise(&campaign.verdict.contacts, campaign.verdict.line, campaign.verdict.standing)
            }
            None => missing(standing),
        };
        Some(SourceStanding {
            source: address,
            campaign: campaign.map(|campaign| campaign.id.clone()),
            kind: campaign.map(|campaign| campaign.kind),
            class: campaign
                .and_then(|campaign| campaign.class.as_ref())
                .map(|class| format!("{}: {}", class.name, class.why)),
            score: round(standing.score),
            threshold: round(standing.bar),
            contacts: source.contacts.len(),
            explanation,
        })
    }
}

/// Why a campaign was opened.
pub(crate) fn verdict(campaign: &Campaign) -> Explanation {
    if campaign.kind != DetectionKind::Scan {
        return Explanation::default();
    }
    let verdict = &campaign.verdict;
    let source = match &campaign.members[..] {
        [only] => Some(only.address),
        _ => None,
    };
    Explanation {
        about: about(verdict.line),
        within: scales::words(verdict.standing.scale).to_owned(),
        contacts: weighed(&verdict.contacts, verdict.line, verdict.standing.scale, source),
        otherwise: match verdict.is_foreign(campaign.kind) {
            true => vec!["Without the verdict of the other product it would not have fired yet".to_owned()],
            false => otherwise(&verdict.contacts, verdict.line, verdict.standing),
        },
    }
}

fn weight_on(contact: &Contact, line: Option<LineKey>) -> f32 {
    match line {
        Some(LineKey::Port(..)) => contact.weight.port,
        _ => contact.weight.host,
    }
}

/// Contacts with the score after each, as the test added them up.
fn weighed(
    contacts: &[Contact],
    line: Option<LineKey>,
    scale: usize,
    source: Option<IpAddr>,
) -> Vec<WeighedContact> {
    let mut sum = Evidence::starting(contacts.first().map_or(Time::ZERO, |contact| contact.first));
    let each = contacts.iter().map(|contact| {
        let weight = weight_on(contact, line);
        sum.add(weight, contact.first, evidence::scales(contact.technique));
        WeighedContact {
            time: contact.first,
            source,
            target: contact.target,
            port: contact.port,
            technique: technique_name(contact.technique).to_owned(),
            answer: contact.answer.words().to_owned(),
            weight: round(weight.into()),
            score: round(sum.on(scale)),
        }
    });
    each.collect()
}

/// What would have kept it below the bar.
fn otherwise(contacts: &[Contact], line: Option<LineKey>, standing: Standing) -> Vec<String> {
    let above = standing.score - standing.bar;
    let mut sentences = Vec::new();
    let mut weights: Vec<f64> = contacts.iter().map(|contact| weight_on(contact, line).into()).collect();
    weights.sort_by(|a, b| b.total_cmp(a));
    let mut taken = 0.0;
    let needed = weights.iter().position(|weight| {
        taken += weight;
        taken > above
    });
    if let Some(position) = needed {
        let which = if position == 0 {
            "its strongest contact".to_owned()
        } else {
            format!("its {} strongest contacts", position + 1)
        };
        sentences.push(format!("Without {which} it would have stayed below {:.1}", standing.bar));
    }
    let conversations = (above / f64::from(-TALKED)).floor().max(0.0) as u64 + 1;
    sentences.push(format!(
        "{} beforehand with data both ways would have outweighed it",
        match conversations {
            1 => "One conversation".to_owned(),
            n => format!("{} conversations", number(n)),
        }
    ));
    // On a line of one source the bar is the sensitivity's margin and what the scale adds.
    let low = Sensitivity::Low.margin() + scales::above(standing.scale);
    let by_itself = matches!(line, Some(LineKey::Host(_) | LineKey::Port(..)));
    if by_itself && standing.bar < low && standing.score < low {
        sentences.push(format!("At low sensitivity {low:.1} would have been needed"));
    }
    sentences
}

/// What would have made it fire.
fn missing(standing: Standing) -> Vec<String> {
    let below = (standing.bar - standing.score).max(0.0);
    let refusals = (below / REFUSED).ceil().max(1.0) as u64;
    vec![format!(
        "{below:.1} is missing: about {} more first {} refused on the same line would have fired",
        number(refusals),
        if refusals == 1 { "contact" } else { "contacts" }
    )]
}

fn round(value: f64) -> f64 {
    (value * 100.0).round() / 100.0
}
