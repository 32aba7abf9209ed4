//! The numbers behind a verdict, and behind there being none.
//!
//! Belongs here: what was weighed, in order, and what would have tipped the scales. Does not belong
//! here: weighing (see [`crate::evidence`]).

use crate::campaign::{Campaign, Verdict};
use crate::config::Sensitivity;
use crate::detector::Detector;
use crate::evidence::{self, Answer, TALKED};
use crate::scales::{self, Evidence, SCALES, Standing};
use crate::source::{Contact, LineKey, Note, Source};
use crate::words::{about, aside, number, technique_name};
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
            contacts: weighed(
                &contacts,
                &source.notes_on(line).collect::<Vec<_>>(),
                line,
                standing.scale,
                Some(address),
            ),
            otherwise: Vec::new(),
        };
        explanation.otherwise = match campaign {
            Some(campaign) => otherwise(&campaign.verdict),
            None => missing(standing),
        };
        explanation.otherwise.extend(line.and_then(|line| elsewhere(source, line)));
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
        contacts: weighed(&verdict.contacts, &verdict.notes, verdict.line, verdict.standing.scale, source),
        otherwise: match verdict.is_foreign(campaign.kind) {
            true => vec!["Without the verdict of the other product it would not have fired yet".to_owned()],
            false => otherwise(verdict),
        },
    }
}

fn weight_on(contact: &Contact, line: Option<LineKey>) -> f32 {
    match line {
        Some(LineKey::Port(..)) => contact.weight.port,
        _ => contact.weight.host,
    }
}

/// Contacts, and what weighed besides, in order and with the score after each as the test added them up.
fn weighed(
    contacts: &[Contact],
    notes: &[Note],
    line: Option<LineKey>,
    scale: usize,
    source: Option<IpAddr>,
) -> Vec<WeighedContact> {
    let of_contact = |contact: &Contact| {
        let (technique, answer) = (technique_name(contact.technique), contact.answer.words());
        let weight = weight_on(contact, line);
        (
            contact.first,
            contact.target,
            contact.port,
            technique,
            answer,
            weight,
            evidence::scales(contact.technique),
        )
    };
    let of_note = |note: &Note| {
        let (what, answer) = aside(note.what);
        (note.at, note.target, note.port, what, answer, note.weight, SCALES)
    };
    let mut rows: Vec<_> = contacts.iter().map(of_contact).chain(notes.iter().map(of_note)).collect();
    rows.sort_by_key(|row| row.0);
    let mut sum = Evidence::starting(rows.first().map_or(Time::ZERO, |row| row.0));
    let each = rows.into_iter().map(|(time, target, port, technique, answer, weight, scales)| {
        sum.add(weight, time, scales);
        WeighedContact {
            time,
            source,
            target,
            port,
            technique: technique.to_owned(),
            answer: answer.to_owned(),
            weight: round(weight.into()),
            score: round(sum.on(scale)),
        }
    });
    each.collect()
}

/// What a source did besides the line that is explained.
fn elsewhere(source: &Source, line: LineKey) -> Option<String> {
    let off = |contact: &&Contact| !line.holds(contact.target, contact.technique, contact.port);
    let others: Vec<&Contact> = source.contacts.iter().filter(off).collect();
    let talks = others.iter().filter(|contact| contact.answer == Answer::Talked).count() as u64;
    let first = others.iter().find(|contact| contact.answer == Answer::Talked);
    let example = first.map_or(String::new(), |contact| {
        format!(" (port {} of {}, {:+.1})", contact.port, contact.target, contact.weight.host)
    });
    (!others.is_empty()).then(|| {
        format!(
            "Not on this line, and not counted here: {} other {}, {} of them with data both ways{example}",
            number(others.len() as u64),
            if others.len() == 1 { "contact" } else { "contacts" },
            number(talks)
        )
    })
}

/// What would have kept it below the bar.
fn otherwise(verdict: &Verdict) -> Vec<String> {
    let (line, standing) = (verdict.line, verdict.standing);
    let above = standing.score - standing.bar;
    let mut sentences = Vec::new();
    let contacts = verdict.contacts.iter().map(|contact| weight_on(contact, line));
    let mut weights: Vec<f64> =
        contacts.chain(verdict.notes.iter().map(|note| note.weight)).map(f64::from).collect();
    weights.sort_by(|a, b| b.total_cmp(a));
    let mut taken = 0.0;
    let needed = weights.iter().position(|weight| {
        taken += weight;
        taken > above
    });
    if let Some(position) = needed {
        let which = if position == 0 {
            "the strongest piece of evidence".to_owned()
        } else {
            format!("the {} strongest pieces of evidence", position + 1)
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
