//! From classes to campaigns: which are covered, and which are no longer.

use crate::campaign::{Campaign, SERVICES, transport_of};
use crate::campaigns::Serial;
use crate::class::{Class, ClassShape, Cover, Covering};
use crate::detector::Detector;
use crate::naming;
use crate::technique::Technique;
use std::collections::BTreeSet;
use vedette_event::{DetectionKind, Event, Shape};

impl Detector {
    /// A campaign has just been opened: a class may cover it.
    pub(crate) fn classify(&mut self, serial: Serial, event: &Event) {
        let Some(campaign) = self.campaigns.get(serial) else { return };
        let mut class = None;
        let mut impostor = None;
        for candidate in &self.config.classes {
            match candidate.covers_sender(event, &self.config.networks) {
                Cover::Yes if covers(candidate, campaign) && self.is_broad(candidate, event) => {
                    class = class.or(Some(Covering::by(candidate)))
                }
                Cover::Impostor(reason) => {
                    impostor = Some(format!("{} is {:?}, but {reason}", event.source, candidate.name));
                }
                _ => {}
            }
        }
        self.campaigns.change(serial, |campaign| match class {
            Some(class) => {
                campaign.kind = DetectionKind::BenignDiscovery;
                campaign.class = Some(class);
            }
            None => campaign.impostor = impostor,
        });
    }

    /// The source has tried as many of the class's services as the class asks for, whether or not they
    /// are part of the campaign yet.
    fn is_broad(&self, class: &Class, event: &Event) -> bool {
        let Some(source) = self.sources.lookup(event.source) else { return false };
        let tried: BTreeSet<(Technique, u16)> = source
            .contacts
            .iter()
            .filter(|contact| class.covers_service(transport_of(contact.technique), contact.port))
            .map(|contact| (contact.technique, contact.port))
            .collect();
        tried.len() >= class.at_least
    }

    /// A probe more: is the campaign still covered? True when it has just become a scan.
    pub(crate) fn declassify(&mut self, serial: Serial, event: &Event) -> bool {
        let Some(campaign) = self.campaigns.get(serial) else { return false };
        let Some(Covering { name, .. }) = &campaign.class else { return false };
        let mut reason = format!("it goes beyond {name:?}");
        let covered = self.config.classes.iter().filter(|class| class.name == *name).any(|class| match class
            .covers_sender(event, &self.config.networks)
        {
            Cover::Yes => covers(class, campaign),
            Cover::No => false,
            Cover::Impostor(why) => {
                reason = format!("{} is {name:?}, but {why}", event.source);
                false
            }
        });
        if !covered {
            self.campaigns.change(serial, |campaign| {
                campaign.kind = DetectionKind::Scan;
                campaign.class = None;
                campaign.impostor = Some(reason);
            });
        }
        !covered
    }
}

/// What a campaign has tried is the class's. Benign software of a class uses connections and
/// datagrams; an approved scanner (a class without services) whatever it likes.
fn covers(class: &Class, campaign: &Campaign) -> bool {
    let shape = match class.shape {
        Some(ClassShape::Horizontal) => naming::shape(campaign) == Shape::Horizontal,
        None => true,
    };
    if class.covers_all_services() {
        return shape;
    }
    let plain = campaign.tools.iter().all(|&fitting| fitting == 0)
        && campaign.techniques[Technique::IpProtocol as usize] == 0
        && campaign.raw_syns == 0;
    let all = campaign.services.len() <= SERVICES && !campaign.services.is_empty();
    let covered = campaign.services.iter().all(|&(technique, port)| {
        matches!(technique, Technique::Syn | Technique::Udp)
            && class.covers_service(transport_of(technique), port)
    });
    shape && plain && all && covered
}
