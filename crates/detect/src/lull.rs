//! Connections opened and closed without a word, and not made again.
//!
//! A monitoring system and a scan of open ports look the same at first: each opens a row of services
//! of a host and says nothing. But the one comes back in its next round, and the other has what it
//! wanted. So such a row counts for little at once, and for more when it has not been repeated.
//!
//! Belongs here: what becomes of silence after some time. Does not belong here: what counts as
//! silent (see [`crate::evidence`]).

use crate::attempt::{Case, crowd_of};
use crate::detector::Detector;
use crate::evidence::{Answer, NOT_AGAIN};
use crate::source::{Contact, Source};
use std::collections::{HashSet, VecDeque};
use std::net::IpAddr;
use vedette_event::{Detection, Event, Time};

/// How long a row must not have been repeated, in microseconds: rounds of up to a minute, and of up
/// to five minutes.
const ROUNDS: [i64; 2] = [65_000_000, 330_000_000];
/// Silent services of one host that are a row.
const ROW: usize = 5;
/// A contact that weighs less is excused already: a data channel of a conversation.
const EXCUSED: f32 = 0.3;
/// Rows waited for at once, all of them of different sources or targets. The oldest goes first.
const WAITING: usize = 8_192;

/// Rows of silent connections whose repetition is awaited.
#[derive(Default)]
pub(crate) struct Lulls {
    waiting: [VecDeque<(Time, Box<Event>)>; ROUNDS.len()],
    known: HashSet<(IpAddr, IpAddr), ahash::RandomState>,
}

impl Detector {
    /// A connection ended in silence: a row of them is looked at again later.
    pub(crate) fn await_lull(&mut self, case: &Case<'_>) {
        let event = case.event;
        if !is_quiet(case.answer) || self.lulls.known.contains(&(event.source, event.target)) {
            return;
        }
        let Some(source) = self.sources.get(case.slot) else { return };
        if source.campaign.is_some() || row(source, event.target).count() < ROW {
            return;
        }
        if self.lulls.known.len() >= WAITING
            && let Some((_, oldest)) = self.lulls.waiting.iter_mut().rev().find_map(VecDeque::pop_front)
        {
            self.lulls.known.remove(&(oldest.source, oldest.target));
        }
        self.lulls.known.insert((event.source, event.target));
        self.lulls.waiting[0].push_back((event.decided.plus(ROUNDS[0]), Box::new(event.clone())));
    }

    /// Time has passed: judges the rows that were not repeated.
    pub(crate) fn end_lulls(&mut self, now: Time, out: &mut Vec<Detection>) {
        for (stage, weight) in NOT_AGAIN.into_iter().enumerate() {
            while self.lulls.waiting[stage].front().is_some_and(|&(due, _)| due <= now)
                && let Some((due, event)) = self.lulls.waiting[stage].pop_front()
            {
                self.end_lull(stage, weight, *event, due, out);
            }
        }
    }

    /// The events end: what was not repeated by now counts as not repeated.
    pub(crate) fn end_all_lulls(&mut self, now: Time, out: &mut Vec<Detection>) {
        for stage in 0..ROUNDS.len() {
            let weight = NOT_AGAIN[stage..].iter().sum();
            for (_, event) in std::mem::take(&mut self.lulls.waiting[stage]) {
                self.end_lull(ROUNDS.len(), weight, *event, now, out);
            }
        }
    }

    fn end_lull(&mut self, stage: usize, weight: f32, mut event: Event, now: Time, out: &mut Vec<Detection>) {
        let pair = (event.source, event.target);
        let slot = self.sources.find(event.source);
        let source = slot.and_then(|slot| self.sources.get(slot)).filter(|source| source.campaign.is_none());
        let (Some(slot), Some(source)) = (slot, source) else {
            self.lulls.known.remove(&pair);
            return;
        };
        let once = row(source, event.target).filter(|contact| contact.attempts == 1).count();
        let again = row(source, event.target).count() - once;
        if once < ROW || again * 2 > once {
            self.lulls.known.remove(&pair);
            return;
        }
        event.decided = now;
        let margin = self.margin;
        let decided = self
            .sources
            .change(slot, |source| source.add_to_host(event.target, weight * once as f32, now, margin))
            .flatten();
        if let Some(technique) = crate::technique::Technique::of(&event) {
            let case = self.case(&event, slot, technique, Answer::Silent);
            self.judge(&case, decided, Some(crowd_of(&event, technique)), out);
        }
        match self.lulls.waiting.get_mut(stage + 1) {
            Some(next) => {
                next.push_back((now.plus(ROUNDS[stage + 1] - ROUNDS[stage]), Box::new(event)));
            }
            None => {
                self.lulls.known.remove(&pair);
            }
        }
    }
}

fn is_quiet(answer: Answer) -> bool {
    matches!(answer, Answer::Silent | Answer::Greeted | Answer::Aborted)
}

/// Silent connections of a source to services of a host.
fn row(source: &Source, target: IpAddr) -> impl Iterator<Item = &Contact> {
    source.contacts.iter().filter(move |contact| {
        contact.target == target && is_quiet(contact.answer) && contact.weight.host >= EXCUSED
    })
}
