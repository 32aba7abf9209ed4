//! Campaigns that turn out to be one: sources that opened one each, and go in step.
//!
//! The first probes of decoys may come too far apart to be seen as such (a slow link, a busy sensor). Once they
//! are, the campaigns become the one that was opened first; the others end, and say whose part they are.
//!
//! Belongs here: finding and joining them. Does not belong here: who goes in step (see [`crate::crowd`]).

use crate::campaign::{Arrangement, Campaign, Member};
use crate::campaigns::Serial;
use crate::crowd::{CrowdKey, Relation};
use crate::detector::Detector;
use vedette_event::{Change, Detection, DetectionKind, Event};

/// Probes of a campaign before the first look; then at each power of two, so that a long scan costs nothing.
const FIRST_LOOK: u64 = 4;

/// Whether a campaign of so many probes is looked at.
pub(crate) fn is_time(probes: u64) -> bool {
    probes >= FIRST_LOOK && probes.is_power_of_two()
}

impl Detector {
    /// A probe of a campaign was noted in its crowd: joins what belongs together.
    pub(crate) fn merge(&mut self, key: CrowdKey, event: &Event, out: &mut Vec<Detection>) {
        let Relation::Decoys(members) = self.crowds.relation(&key, event.source) else { return };
        let of_member =
            |&member: &std::net::IpAddr| self.sources.lookup(member).and_then(|source| source.campaign);
        let mut parts: Vec<Serial> =
            members.iter().filter_map(of_member).filter(|&part| self.can_merge(part)).collect();
        parts.sort_unstable();
        parts.dedup();
        let Some((&first, others)) = parts.split_first() else { return };
        if others.is_empty() {
            return;
        }
        for &other in others {
            self.absorb(first, other, out);
        }
        let forger =
            self.links.forger(event).or_else(|| self.common_sender(&members, event, Arrangement::Decoy));
        self.campaigns.change(first, |campaign| {
            campaign.arrangement = Arrangement::Decoy;
            campaign.forged_by = campaign.forged_by.or(forger);
        });
        self.crowds.set_campaign(key, Some(first));
        self.tell(first, Change::Updated, out);
    }

    pub(crate) fn can_merge(&self, serial: Serial) -> bool {
        self.campaigns.get(serial).is_some_and(|campaign| {
            campaign.kind == DetectionKind::Scan && campaign.closed.is_none() && !campaign.storm
        })
    }

    /// Ends a campaign that is part of another one.
    fn absorb(&mut self, whole: Serial, part: Serial, out: &mut Vec<Detection>) {
        let Some(id) = self.campaigns.get(whole).map(|campaign| campaign.id.clone()) else { return };
        let clock = self.clock;
        self.campaigns.change(part, |campaign| {
            campaign.part_of = Some(id);
            campaign.close(clock)
        });
        self.tell(part, Change::Closed, out);
        let Some(part) = self.campaigns.remove(part) else { return };
        for member in &part.members {
            if let Some(slot) = self.sources.find(member.address) {
                self.sources.change(slot, |source| source.campaign = Some(whole));
            }
        }
        self.campaigns.change(whole, |campaign| campaign.absorb(&part));
    }
}

impl Campaign {
    /// Adds up what another campaign has counted.
    fn absorb(&mut self, part: &Campaign) {
        for member in &part.members {
            if let Some(own) = self.join(member.address).and_then(|position| self.members.get_mut(position)) {
                own.add(member);
            }
        }
        for (own, other) in [(&mut self.targets, &part.targets), (&mut self.swept, &part.swept)] {
            for host in other.iter() {
                own.insert(host);
            }
        }
        let ports = [
            (&mut self.ports, &part.ports),
            (&mut self.protocols, &part.protocols),
            (&mut self.open_ports, &part.open_ports),
        ];
        for (own, other) in ports {
            for port in other.iter() {
                own.insert(port);
            }
        }
        for (&service, &used) in &part.open {
            self.open.entry(service).or_insert(used);
        }
        self.techniques
            .iter_mut()
            .zip(part.techniques)
            .for_each(|(sum, count)| *sum = sum.saturating_add(count));
        self.tools.iter_mut().zip(part.tools).for_each(|(sum, count)| *sum = sum.saturating_add(count));
        self.directions
            .iter_mut()
            .zip(part.directions)
            .for_each(|(sum, count)| *sum = sum.saturating_add(count));
        self.stack_syns = self.stack_syns.saturating_add(part.stack_syns);
        self.raw_syns = self.raw_syns.saturating_add(part.raw_syns);
        self.untold_syns = self.untold_syns.saturating_add(part.untold_syns);
        self.half_open = self.half_open.saturating_add(part.half_open);
        self.completed = self.completed.saturating_add(part.completed);
        self.os_probes |= part.os_probes;
        self.payloads |= part.payloads;
        self.ported = self.ported.saturating_add(part.ported);
        self.ported_on_line = self.ported_on_line.saturating_add(part.ported_on_line);
        self.probes += part.probes;
        self.sweep_probes += part.sweep_probes;
        self.score = self.score.max(part.score);
        part.observers.iter().for_each(|observer| self.note_observer(observer));
        self.span(part.first_seen, part.last_seen);
        self.changed = true;
    }
}

impl Member {
    fn add(&mut self, other: &Member) {
        self.probes += other.probes;
        self.answered = self.answered.saturating_add(other.answered);
        self.completed = self.completed.saturating_add(other.completed);
        self.half_open = self.half_open.saturating_add(other.half_open);
        self.resets_same = self.resets_same.saturating_add(other.resets_same);
        self.resets_other = self.resets_other.saturating_add(other.resets_other);
        self.mac = self.mac.or(other.mac);
    }
}
