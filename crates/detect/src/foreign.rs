//! Verdicts of other products: a firewall that says "port scan" joins the campaign of that source,
//! or opens one.
//!
//! A firewall counts where we weigh, so its verdict is no evidence of ours: it is told as what it
//! is, among the reasons, and the campaign's score stays that of our own evidence.

use crate::campaign::{Campaign, Probe, Verdict as Own};
use crate::campaigns::Serial;
use crate::detector::{Detector, identifier};
use crate::evidence::Answer;
use crate::fingerprint;
use crate::networks::is_one_host;
use crate::resets::Origin;
use crate::scales::{self, Standing};
use crate::source::LineKey;
use crate::technique::Technique;
use vedette_event::{Change, Detection, DetectionKind, Event, Observation, Transport, Verdict, VerdictAbout};

impl Detector {
    /// Takes in what a log says: an attempt, or another product's verdict.
    pub fn observe_log(&mut self, seen: &Observation, out: &mut Vec<Detection>) {
        match seen {
            Observation::Attempt(event) => self.observe(event, out),
            Observation::Verdict(verdict) => self.verdict(verdict, out),
        }
    }

    fn verdict(&mut self, verdict: &Verdict, out: &mut Vec<Detection>) {
        let event = &verdict.event;
        // The attempt that it names counts as any other.
        self.observe(event, out);
        let Some(technique) = Technique::of(event) else { return };
        if !is_one_host(event.source) || !is_one_host(event.target) {
            return;
        }
        let port = match event.transport {
            Transport::Ip(number) => number.into(),
            _ => event.target_port,
        };
        let sweep = verdict.about == VerdictAbout::Hosts;
        let line = if sweep { LineKey::Port(technique, port) } else { LineKey::Host(event.target) };
        let running = self.sources.lookup(event.source).and_then(|source| source.campaign);
        let running = running.filter(|&serial| self.campaigns.get(serial).is_some());
        let serial = running.unwrap_or_else(|| self.open_for(event, line, out));
        let first = self.campaigns.change(serial, |campaign| {
            if !campaign.has_line(line) {
                campaign.extend_to(line);
            }
            campaign.reopen();
            campaign.note_foreign(words(verdict), sweep)
        });
        match (running, first) {
            (None, _) => self.tell(serial, Change::Opened, out),
            (Some(_), Some(true)) => self.tell(serial, Change::Updated, out),
            _ => {}
        }
    }

    /// A campaign that the verdict opens, with what is remembered of its source.
    fn open_for(&mut self, event: &Event, line: LineKey, out: &mut Vec<Detection>) -> Serial {
        if self.sources.find(event.source).is_none() {
            self.sources.admit(event.source);
        }
        let id = identifier(DetectionKind::Scan, event.source, event.target_port, event.decided);
        let standing = Standing { scale: 1, score: 0.0, bar: 0.0 };
        let own = Own::new(Some(line), standing);
        let mut campaign = Campaign::new(id, DetectionKind::Scan, own, event.decided);
        campaign.note_circumstances(None, event);
        let serial = self.open(campaign, None, out);
        self.enter(serial, &[event.source], event.source, None, event.decided, scales::reach(1));
        let observers = &mut self.observers;
        self.campaigns.change(serial, |campaign| {
            // The attempt may not have been remembered, as part of a flood for one.
            if campaign.probes == 0
                && let Some(technique) = Technique::of(event)
            {
                let answer = Answer::of(event, technique);
                let made = fingerprint::made(event);
                let origin = Origin::Untold;
                let observer = observers.number(&event.observer);
                let probe = Probe {
                    technique,
                    answer,
                    origin,
                    observer,
                    tool: None,
                    os_probe: None,
                    made,
                    weight: 0.0,
                };
                let member = campaign.join(event.source);
                campaign.note_probe(member, event, &probe);
            }
        });
        self.classify(serial, event);
        serial
    }
}

/// `PAN-OS says: SCAN: TCP Port Scan (8001), alert`
fn words(verdict: &Verdict) -> String {
    let short = |text: &str| -> String { text.chars().take(120).collect() };
    let action = match &*verdict.action {
        "" => String::new(),
        action => format!(", {}", short(action)),
    };
    format!("{} says: {}{action}", verdict.product, short(&verdict.name))
}
