//! Whether a block may be: who is spared, what the evidence is, what it would do.

use super::policy::{LONGEST, Policy, SHORTEST};
use super::spare::{Spared, Surroundings};
use super::{HOUR, MOST_BLOCKS, Plan, Refusal, Responder, Wanted, connections, firewall};
use crate::prefix::Prefix;
use crate::state::{AlertFilter, AlertRecord, ExcludedFilter, SelfTestFilter, Sort, SortKey, StateError};
use std::net::IpAddr;
use vedette_event::{Attribution, Time};

/// Evidence may be so old, in microseconds, when no alert is named.
pub const FRESH: i64 = 7 * 24 * HOUR;
/// Alerts of a source that are looked at for it.
const LOOKED_AT: u32 = 50;

impl Responder {
    /// What a block would do, and every reason why it is refused. Changes nothing.
    pub fn plan(&self, wanted: &Wanted, now: Time) -> Result<Plan, StateError> {
        let policy = self.store.response_policy()?;
        let known = self.store.block_of(wanted.address)?;
        let (evidence, mut refusals) = self.evidence(wanted, now)?;
        refusals.splice(0..0, self.barred(wanted, &policy, known.is_some(), now)?);
        let mut warnings = Vec::new();
        if refusals.is_empty() && !evidence.as_ref().is_some_and(|alert| proves(alert, wanted.address)) {
            warnings.push(format!(
                "{} completed no handshake. It reset what we accepted, which a live host whose address \
                 somebody forges does too: see that it is the scanner and no victim.",
                wanted.address
            ));
        }
        Ok(Plan {
            warnings,
            refusals,
            evidence,
            blocked_until: known.map(|block| block.expires_at),
            connections: connections::open_with(wanted.address),
            commands: firewall::in_words(wanted.address, wanted.seconds),
        })
    }

    /// Reasons that have nothing to do with evidence.
    fn barred(
        &self,
        wanted: &Wanted,
        policy: &Policy,
        known: bool,
        now: Time,
    ) -> Result<Vec<Refusal>, StateError> {
        let mut refusals = Vec::new();
        if !policy.enabled {
            let help = "An administrator switches it on: vedette response set --on";
            refusals.push(refusal("response_off", "Response is switched off.", help));
        }
        if let Err(error) = self.ready() {
            let message = crate::api::error::capitalised(&error.to_string());
            refusals.push(refusal("firewall_unavailable", message, error.help()));
        }
        if !(SHORTEST..=LONGEST).contains(&wanted.seconds) {
            let message = format!("A block lasts {SHORTEST} to {LONGEST} seconds.");
            refusals.push(refusal("bad_duration", message, "Give another time."));
        }
        if let Some(why) = self.spares(wanted.address, &policy.never_block, wanted.asker, now) {
            let message = format!("{} {why}: it is never blocked.", wanted.address);
            refusals.push(refusal(
                "never_block",
                message,
                "This holds for everybody, administrators among them.",
            ));
        }
        if !known && self.store.blocks(false, MOST_BLOCKS as u32)?.len() >= MOST_BLOCKS {
            let message = format!("{MOST_BLOCKS} sources are blocked already.");
            refusals.push(refusal("too_many_blocks", message, "Undo some, or block a network elsewhere."));
        }
        Ok(refusals)
    }

    /// Why an address is never blocked.
    fn spares(&self, address: IpAddr, listed: &[Prefix], asker: Option<IpAddr>, now: Time) -> Option<String> {
        let surroundings = Surroundings::read();
        let spared =
            Spared { surroundings: &surroundings, listed, classes: &self.classes, seats: &self.seats, asker };
        spared.why(address, now)
    }

    /// The alert that shows that it was this source and nobody else.
    fn evidence(
        &self,
        wanted: &Wanted,
        now: Time,
    ) -> Result<(Option<AlertRecord>, Vec<Refusal>), StateError> {
        let alerts = match wanted.alert_id {
            Some(id) => match self.store.alert(id)? {
                Some(alert) => vec![alert],
                None => {
                    let message = format!("There is no alert {id}.");
                    return Ok((None, vec![refusal("alert_not_found", message, "vedette alerts list")]));
                }
            },
            None => self.alerts_of(wanted.address, now)?,
        };
        let proof = alerts.iter().find(|alert| confirms(alert, wanted.address));
        let evidence = proof.or(alerts.first()).cloned();
        if proof.is_some() || wanted.overridden {
            return Ok((evidence, Vec::new()));
        }
        let help = "An administrator may do without, with a reason: --force";
        let refused = match &evidence {
            None => {
                let message = format!("No alert of the last 7 days has {} as its source.", wanted.address);
                refusal("no_evidence", message, help)
            }
            Some(alert) => {
                let message = format!(
                    "Alert {} does not confirm that {} sent the packets: its address may be forged.",
                    alert.life.alert_id, wanted.address
                );
                refusal("not_confirmed", message, help)
            }
        };
        Ok((evidence, vec![refused]))
    }

    fn alerts_of(&self, source: IpAddr, now: Time) -> Result<Vec<AlertRecord>, StateError> {
        let filter = AlertFilter {
            source: Some(source),
            since: Some(now.plus(-FRESH)),
            self_test: SelfTestFilter::Without,
            excluded: ExcludedFilter::Both,
            ..AlertFilter::default()
        };
        let latest = Sort { key: SortKey::DetectedAt, descending: true };
        Ok(self.store.list_alerts(&filter, latest, LOOKED_AT, 0)?.alerts)
    }
}

fn refusal(code: &'static str, message: impl Into<String>, help: &str) -> Refusal {
    Refusal { code, message: message.into(), help: Some(help.to_owned()) }
}

/// Whether an alert shows that this address sent the packets.
pub fn confirms(alert: &AlertRecord, address: IpAddr) -> bool {
    let detection = alert.subject.detection().filter(|_| !alert.self_test);
    detection.is_some_and(|d| d.attribution == Attribution::Confirmed && d.source_ips.contains(&address))
}

/// Whether it shows that beyond doubt: what happens without a person needs that much.
pub fn proves(alert: &AlertRecord, address: IpAddr) -> bool {
    confirms(alert, address) && alert.subject.detection().is_some_and(|d| d.proven_ips.contains(&address))
}
