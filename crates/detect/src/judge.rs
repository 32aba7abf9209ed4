//! When evidence is enough, and whose campaign it then is.
//!
//! Belongs here: from evidence to a campaign. Does not belong here: evidence itself.

use crate::attempt::{Case, crowd_of};
use crate::campaign::{Arrangement, Campaign, Verdict};
use crate::campaigns::Serial;
use crate::crowd::{CrowdKey, Relation};
use crate::detector::{Detector, identifier};
use crate::evidence::Answer;
use crate::scales::{self, Standing};
use crate::source::{Contact, Decided, LineKey, Note};
use crate::table::Slot;
use crate::technique::Technique;
use std::net::IpAddr;
use vedette_event::{Change, Detection, DetectionKind, Event, Time};

/// A source shares in a scan by several only when there is something against itself: this part
/// of the margin, or one failure's worth when its packets are made by hand.
const OWN_PART: f64 = 0.5;
const OWN_LEAST: f32 = 1.0;
/// Unconfirmed sources convicted within [`STORM_WITHIN`] that still get campaigns of their own:
/// more than a fleet on the Internet meets, few enough to be read.
const STORM: usize = 120;
const STORM_WITHIN: i64 = 60_000_000;
/// A known scanner's further lines need this part of the margin.
const KNOWN_PART: f64 = 0.5;

impl Detector {
    /// Is it enough? Of the source by itself, or of its crowd together.
    pub(crate) fn judge(
        &mut self,
        case: &Case<'_>,
        decided: Decided,
        crowd: Option<CrowdKey>,
        out: &mut Vec<Detection>,
    ) {
        let event = case.event;
        let Some(source) = self.sources.get(case.slot) else { return };
        if let Some(serial) = source.campaign
            && self.campaigns.get(serial).is_some()
        {
            self.widen(case.slot, serial, event, out);
            return;
        }
        match (decided, crowd) {
            (Some((line, standing)), crowd) => {
                let here = line == LineKey::Host(event.target);
                let key = crowd.unwrap_or_else(|| crowd_of(event, case.technique));
                let relation = self.crowds.relation(&key, event.source);
                // Of a sweep decoys alone are seen at each of its targets.
                let together = here || (line != LineKey::Spread && matches!(relation, Relation::Decoys(_)));
                let (crowd, relation) =
                    if together { (Some(key), relation) } else { (None, Relation::Alone) };
                let verdict = Verdict::new(Some(line), standing);
                self.convict(event, verdict, crowd, relation, out);
            }
            (None, Some(key)) => {
                let Some((members, score, bar)) = self.crowds.decided(&key, event.source, self.margin) else {
                    return;
                };
                let members = self.partners(&key, members);
                if members.len() < 2 || !members.contains(&event.source) {
                    return;
                }
                let standing = Standing { scale: 1, score, bar };
                let verdict = Verdict::new(None, standing);
                self.convict(event, verdict, Some(key), Relation::Distributed(members), out);
            }
            (None, None) => {}
        }
    }

    /// A known scanner's contacts elsewhere: a line with less evidence than a stranger's would
    /// need belongs to its campaign.
    fn widen(&mut self, slot: Slot, serial: Serial, event: &Event, out: &mut Vec<Detection>) {
        let bar = (self.margin * KNOWN_PART) as f32;
        let Some(source) = self.sources.get(slot) else { return };
        let lines = source.lines_above(bar);
        let mut resumed = false;
        for line in lines {
            let known = self.campaigns.get(serial).is_none_or(|campaign| campaign.has_line(line));
            if known {
                continue;
            }
            let contacts = self.sources.change(slot, |source| {
                source.take(|contact| {
                    line.holds(contact.target, contact.technique, contact.port)
                        && belongs(contact, None, event.decided, scales::reach(1))
                })
            });
            let observers = &self.observers;
            self.campaigns.change(serial, |campaign| {
                campaign.extend_to(line);
                resumed |= campaign.closed.is_some();
                campaign.reopen();
                let member = campaign.join(event.source);
                contacts.iter().flatten().for_each(|contact| campaign.take_over(member, contact, observers));
            });
        }
        resumed |= self.declassify(serial, event);
        if resumed {
            self.tell(serial, Change::Updated, out);
        }
    }

    /// Those of a crowd against whom there is something by itself.
    fn partners(&self, key: &CrowdKey, members: Vec<IpAddr>) -> Vec<IpAddr> {
        let least = if key.by_hand { OWN_LEAST } else { (self.margin * OWN_PART) as f32 };
        members
            .into_iter()
            .filter(|&member| self.sources.lookup(member).is_some_and(|source| source.suspicion() >= least))
            .collect()
    }

    /// Opens a campaign, or enters its sources into the one that they belong to.
    pub(crate) fn convict(
        &mut self,
        event: &Event,
        verdict: Verdict,
        crowd: Option<CrowdKey>,
        relation: Relation,
        out: &mut Vec<Detection>,
    ) {
        let (arrangement, members) = match relation {
            Relation::Alone => (Arrangement::Single, vec![event.source]),
            Relation::Decoys(members) => (Arrangement::Decoy, members),
            Relation::Kin(members) => (Arrangement::Distributed, members),
            Relation::Distributed(members) => {
                let members = match crowd {
                    Some(key) => self.partners(&key, members),
                    None => members,
                };
                (Arrangement::Distributed, members)
            }
        };
        let reach = scales::reach(verdict.standing.scale);
        if arrangement == Arrangement::Single && self.is_storm(event) {
            self.join_storm(event, verdict, reach, out);
            return;
        }
        let of_one_host = matches!(verdict.line, None | Some(LineKey::Host(_)));
        let target =
            crowd.map(|key| key.target).filter(|_| arrangement != Arrangement::Single && of_one_host);
        let running = match arrangement {
            Arrangement::Single => None,
            Arrangement::Decoy => self.earliest(&members),
            Arrangement::Distributed => crowd.and_then(|key| self.crowds.campaign(&key)),
        };
        let running = running.filter(|&serial| self.may_join(serial, &members));
        let serial = match running {
            Some(serial) => serial,
            None => {
                let id = identifier(DetectionKind::Scan, event.source, event.target_port, event.decided);
                let mut campaign = Campaign::new(id, DetectionKind::Scan, verdict, event.decided);
                campaign.crowd = crowd;
                campaign.forged_by = self.links.forger(event);
                campaign.note_circumstances(None, event);
                self.open(campaign, None, out)
            }
        };
        let forger = self.links.forger(event).or_else(|| self.common_sender(&members, event, arrangement));
        self.enter(serial, &members, event.source, target, event.decided, reach);
        self.campaigns.change(serial, |campaign| {
            if arrangement != Arrangement::Single && campaign.members.len() > 1 {
                campaign.arrangement = arrangement;
                if campaign.forged_by.is_none() {
                    campaign.forged_by = forger;
                }
            }
        });
        if let Some(key) = crowd {
            self.crowds.set_campaign(key, Some(serial));
        }
        if arrangement == Arrangement::Single {
            self.classify(serial, event);
        }
        if running.is_none() {
            self.tell(serial, Change::Opened, out);
        }
    }

    /// The campaign that one of these opened first.
    fn earliest(&self, members: &[IpAddr]) -> Option<Serial> {
        let of_member = |&member: &IpAddr| self.sources.lookup(member)?.campaign;
        members.iter().filter_map(of_member).filter(|&serial| self.can_merge(serial)).min()
    }

    /// It goes on, and one of these is in it: another scan of the same host by the same tool is not theirs.
    fn may_join(&self, serial: Serial, members: &[IpAddr]) -> bool {
        self.campaigns.get(serial).is_some_and(|campaign| {
            campaign.closed.is_none() && campaign.members.iter().any(|one| members.contains(&one.address))
        })
    }

    /// Whether so many unconfirmed sources are convicted that they are told together. Who sends
    /// three odd packets under each of a million names would otherwise raise a million alerts.
    fn is_storm(&mut self, event: &Event) -> bool {
        let received = |contact: &Contact| contact.answer.is_finished() || contact.answer == Answer::HalfOpen;
        let source = self.sources.lookup(event.source);
        if event.sending_process().is_some()
            || source.is_some_and(|source| source.contacts.iter().any(received))
        {
            return false;
        }
        while self.openings.front().is_some_and(|&opened| event.decided.since(opened) > STORM_WITHIN) {
            self.openings.pop_front();
        }
        if self.openings.len() >= STORM {
            return true;
        }
        self.openings.push_back(event.decided);
        false
    }

    fn join_storm(&mut self, event: &Event, verdict: Verdict, reach: i64, out: &mut Vec<Detection>) {
        let open =
            |&serial: &Serial| self.campaigns.get(serial).is_some_and(|campaign| campaign.closed.is_none());
        let running = self.storm.filter(open);
        let serial = match running {
            Some(serial) => serial,
            None => {
                let id = identifier(DetectionKind::Scan, event.source, event.target_port, event.decided);
                let verdict = Verdict { line: Some(LineKey::Spread), ..verdict };
                let mut campaign = Campaign::new(id, DetectionKind::Scan, verdict, event.decided);
                campaign.arrangement = Arrangement::Distributed;
                campaign.storm = true;
                campaign.note_circumstances(None, event);
                self.open(campaign, None, out)
            }
        };
        self.storm = Some(serial);
        self.enter(serial, &[event.source], event.source, None, event.decided, reach);
        if running.is_none() {
            self.tell(serial, Change::Opened, out);
        }
    }

    /// The one of several decoys whose own network card sent the packets of them all.
    pub(crate) fn common_sender(
        &self,
        members: &[IpAddr],
        event: &Event,
        arrangement: Arrangement,
    ) -> Option<IpAddr> {
        let owner = event.source_mac.and_then(|card| self.links.owner(card))?;
        (arrangement == Arrangement::Decoy && members.contains(&owner)).then_some(owner)
    }

    /// Enters sources, with what is remembered of them, into a campaign.
    pub(crate) fn enter(
        &mut self,
        serial: Serial,
        members: &[IpAddr],
        deciding: IpAddr,
        target: Option<IpAddr>,
        now: Time,
        reach: i64,
    ) {
        let deciding = std::iter::once(deciding).filter(|source| !members.contains(source));
        for address in members.iter().copied().chain(deciding) {
            let Some(slot) = self.sources.find(address) else { continue };
            let line = self.campaigns.get(serial).and_then(|campaign| campaign.verdict.line);
            let line = line.unwrap_or(LineKey::Spread);
            let room = self.campaigns.get(serial).is_some_and(Campaign::has_room);
            let taken = self.sources.change(slot, |source| {
                let live = |other: Serial| self.campaigns.get(other).is_some();
                if source.campaign.is_some_and(live) {
                    return None;
                }
                let contacts = source.take(|contact| {
                    line.holds(contact.target, contact.technique, contact.port)
                        && belongs(contact, target, now, reach)
                });
                let notes: Vec<Note> = source.notes_on(Some(line)).collect();
                let told = (contacts, notes, source.os_probes, source.payloads);
                // One that is only counted is judged anew when it goes on.
                match room {
                    true => source.campaign = Some(serial),
                    false => source.begin_anew(),
                }
                Some(told)
            });
            let Some(Some((contacts, notes, os_probes, payloads))) = taken else { continue };
            let observers = &self.observers;
            self.campaigns.change(serial, |campaign| {
                let member = campaign.join(address);
                campaign.os_probes |= os_probes;
                campaign.payloads |= payloads;
                campaign.take_notes(notes);
                contacts.iter().for_each(|contact| campaign.take_over(member, contact, observers));
            });
        }
    }
}

/// Whether a remembered contact is part of what a source is convicted of: not its conversations,
/// not what is long past, not connections that have stayed open.
fn belongs(contact: &Contact, target: Option<IpAddr>, now: Time, reach: i64) -> bool {
    const STAYS_OPEN: i64 = 30_000_000;
    let here = target.is_none_or(|target| contact.target == target);
    let recent = now.since(contact.last) <= reach;
    let kind = match contact.answer {
        Answer::Talked => contact.weight.host.max(contact.weight.port) > 0.0,
        Answer::Unasked => contact.technique != Technique::Answer,
        Answer::Pending => now.since(contact.first) < STAYS_OPEN,
        _ => true,
    };
    here && recent && kind
}
