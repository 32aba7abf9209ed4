//! What was done once to a row of hosts or services, and not again.
//!
//! A monitoring system and a scan of what is open look the same at first: each opens a row of services
//! of a host and says nothing, or pings a row of hosts that answer. But the one comes back in its next
//! round, and the other has what it wanted. So such a row counts for little at once, and for more when
//! it has not been repeated.
//!
//! Belongs here: what becomes of silence after some time. Does not belong here: what counts as
//! silent (see [`crate::evidence`]).

use crate::attempt::{Case, aside, crowd_of};
use crate::detector::Detector;
use crate::evidence::{Answer, MORE_SILENCE, Weight, not_again};
use crate::source::{Aside, Contact, LineKey, Source};
use crate::technique::Technique;
use std::collections::{HashSet, VecDeque};
use std::net::IpAddr;
use vedette_event::{Detection, Event, Time};

/// How long a row must not have been repeated, in microseconds: rounds of up to a minute, and of up
/// to five minutes.
const ROUNDS: [i64; 2] = [65_000_000, 330_000_000];
/// What comes so long after the begin of a round belongs to it: the above without the minute and the five.
const LATE: [i64; 2] = [5_000_000, 30_000_000];
/// Services of one host, and hosts, that are a row.
const SERVICES: usize = 5;
const HOSTS: usize = 12;
/// Rows waited for at once, all of them of different sources or lines. The oldest goes first.
const WAITING: usize = 8_192;

/// Rows whose repetition is awaited.
#[derive(Default)]
pub(crate) struct Lulls {
    waiting: [VecDeque<Row>; ROUNDS.len()],
    known: HashSet<(IpAddr, LineKey), ahash::RandomState>,
}

struct Row {
    due: Time,
    line: LineKey,
    /// The one that completed it.
    event: Box<Event>,
}

impl Detector {
    /// A connection ended in silence, or a ping was answered: a row of them is looked at again later.
    pub(crate) fn await_lull(&mut self, case: &Case<'_>) {
        if !is_quiet(case.technique, case.answer) {
            return;
        }
        let lines = [LineKey::Host(case.event.target), LineKey::Port(case.technique, case.port)];
        for (line, least) in lines.into_iter().zip([SERVICES, HOSTS]) {
            let Some(source) = self.sources.get(case.slot) else { return };
            if source.campaign.is_some() || row(source, line).take(least).count() < least {
                continue;
            }
            self.await_row(line, case.event);
        }
    }

    /// A few ports of a few hosts failed, enough for a verdict: it waits whether they are tried again.
    pub(crate) fn await_grid(&mut self, case: &Case<'_>) {
        let source = self.sources.get(case.slot);
        if source.is_some_and(|one| one.campaign.is_none() && one.grid_standing(self.margin).is_some()) {
            self.await_row(LineKey::Spread, case.event);
        }
    }

    /// What was awaited is over: the grid is still against its source, or not.
    fn end_grid(&mut self, event: &Event, out: &mut Vec<Detection>) {
        let Some(slot) = self.sources.find(event.source) else { return };
        let Some(source) = self.sources.get(slot).filter(|source| source.campaign.is_none()) else { return };
        let standing = source.grid_standing(self.margin);
        if let (Some(standing), Some(technique)) = (standing, Technique::of(event)) {
            let case = self.case(event, slot, technique, Answer::of(event, technique));
            self.judge(&case, Some((LineKey::Spread, standing)), None, out);
        }
    }

    fn await_row(&mut self, line: LineKey, event: &Event) {
        if self.lulls.known.contains(&(event.source, line)) {
            return;
        }
        if self.lulls.known.len() >= WAITING
            && let Some(oldest) = self.lulls.waiting.iter_mut().rev().find_map(VecDeque::pop_front)
        {
            self.lulls.known.remove(&(oldest.event.source, oldest.line));
        }
        self.lulls.known.insert((event.source, line));
        let due = event.decided.plus(ROUNDS[0]);
        self.lulls.waiting[0].push_back(Row { due, line, event: Box::new(event.clone()) });
    }

    /// Time has passed: judges the rows that were not repeated.
    pub(crate) fn end_lulls(&mut self, now: Time, out: &mut Vec<Detection>) {
        for stage in 0..ROUNDS.len() {
            while self.lulls.waiting[stage].front().is_some_and(|row| row.due <= now)
                && let Some(row) = self.lulls.waiting[stage].pop_front()
            {
                let (now, before) = (row.due, row.due.plus(LATE[stage] - ROUNDS[stage]));
                self.end_lull(stage..stage + 1, row, now, before, out);
            }
        }
    }

    /// The events end: what was not repeated by now counts as not repeated.
    pub(crate) fn end_all_lulls(&mut self, now: Time, out: &mut Vec<Detection>) {
        for stage in 0..ROUNDS.len() {
            for row in std::mem::take(&mut self.lulls.waiting[stage]) {
                self.end_lull(stage..ROUNDS.len(), row, now, now, out);
            }
        }
    }

    /// Judges what was done `before` and not again until `now`.
    fn end_lull(
        &mut self,
        stages: std::ops::Range<usize>,
        row: Row,
        now: Time,
        before: Time,
        out: &mut Vec<Detection>,
    ) {
        let Row { line, mut event, .. } = row;
        if line == LineKey::Spread {
            self.lulls.known.remove(&(event.source, line));
            event.decided = now;
            self.end_grid(&event, out);
            return;
        }
        let slot = self.sources.find(event.source);
        let source = slot.and_then(|slot| self.sources.get(slot)).filter(|source| source.campaign.is_none());
        let (Some(slot), Some(source)) = (slot, source) else {
            self.lulls.known.remove(&(event.source, line));
            return;
        };
        // Of a round that is still going on, nothing can be said.
        let once = self::row(source, line)
            .filter(|c| !came_again(c) && c.first <= before && !source.talks_elsewhere(c, line))
            .count();
        let again = self::row(source, line).filter(|c| came_again(c)).count();
        let least = if matches!(line, LineKey::Host(_)) { SERVICES } else { HOSTS };
        if once < least || again * 2 > once {
            self.lulls.known.remove(&(event.source, line));
            return;
        }
        event.decided = now;
        let weight: f32 = stages.clone().map(|stage| not_again(line, stage, once)).sum();
        let (margin, note) = (self.margin, aside(Aside::NotAgain, line, weight, &event));
        let decided = self.sources.change(slot, |source| source.add_note(note, margin)).flatten();
        if let Some(technique) = Technique::of(&event) {
            let case = self.case(&event, slot, technique, Answer::Silent);
            let crowd = technique.has_ports().then(|| crowd_of(&event, technique));
            self.judge(&case, decided, crowd, out);
        }
        match self.lulls.waiting.get_mut(stages.end) {
            Some(next) => {
                let due = now.plus(ROUNDS[stages.end] - ROUNDS[stages.end - 1]);
                next.push_back(Row { due, line, event });
            }
            None => {
                self.lulls.known.remove(&(event.source, line));
            }
        }
    }
}

/// In another round, not at the same moment: a router sees every packet twice.
fn came_again(contact: &Contact) -> bool {
    const ANOTHER_ROUND: i64 = 2_000_000;
    contact.attempts > 1 && contact.last.since(contact.first) >= ANOTHER_ROUND
}

/// Nothing was said, or there was nothing to say.
fn is_quiet(technique: Technique, answer: Answer) -> bool {
    match technique {
        Technique::Echo => answer.is_open(),
        _ => answer.is_quiet(),
    }
}

/// The services of a host, or the hosts of a service, with which a source was quiet.
fn row(source: &Source, line: LineKey) -> impl Iterator<Item = &Contact> {
    source.contacts.iter().filter(move |contact| {
        let here = match line {
            LineKey::Host(host) => contact.target == host && contact.technique.has_ports(),
            LineKey::Port(technique, port) => (contact.technique, contact.port) == (technique, port),
            LineKey::Spread => false,
        };
        here && is_quiet(contact.technique, contact.answer) && !is_excused(contact)
    })
}

impl Source {
    /// It talks with this host of a row of hosts on another port: the silent one was a second way to it
    /// that was not needed (file shares open 445 and 139).
    fn talks_elsewhere(&self, contact: &Contact, line: LineKey) -> bool {
        matches!(line, LineKey::Port(..)) && self.talks && self.talks_with(contact.target)
    }
}

/// A data channel of a conversation weighs something, but little.
fn is_excused(contact: &Contact) -> bool {
    const LITTLE: f32 = 0.3;
    contact.technique.has_ports() && contact.weight.host > 0.0 && contact.weight.host < LITTLE
}

/// What a silent connection weighs at once, beside a row of others to the same host before it.
pub(crate) fn at_once(source: &Source, target: IpAddr, answer: Answer, weight: Weight) -> Weight {
    let waits = matches!(answer, Answer::Silent | Answer::Greeted);
    match waits && row(source, LineKey::Host(target)).take(SERVICES).count() == SERVICES {
        true => Weight { host: MORE_SILENCE, ..weight },
        false => weight,
    }
}
