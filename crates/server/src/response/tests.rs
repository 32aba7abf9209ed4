//! Who may be blocked, without a firewall: what the kernel does is seen in the lab.
#![allow(clippy::unwrap_used)]

use super::*;
use crate::state::tests::{detection, finding};
use judging::{FRESH, confirms, proves};
use policy::{Automatic, LONGEST, Policy};
use vedette_event::{Attribution, Detection, Severity};

const NOW: Time = Time(10 * HOUR);

fn scan(id: &str, attribution: Attribution) -> Detection {
    let mut scan = detection(id);
    scan.source_ips = vec!["203.0.113.9".parse().unwrap()];
    (scan.attribution, scan.detected_at, scan.severity) = (attribution, NOW, Severity::High);
    scan
}

fn responder(enabled: bool) -> Arc<Responder> {
    let store = Arc::new(Store::in_memory());
    let automatic = Automatic { enabled: true, ..Automatic::default() };
    let never_block = vec!["198.51.100.0/24".parse().unwrap()];
    store.set_response_policy(&Policy { enabled, never_block, automatic }).unwrap();
    let dir = tempfile::tempdir().unwrap();
    // Not allowed: a test must not change the firewall of the machine it runs on.
    Responder::new(store, false, Vec::new(), dir.path(), "host".to_owned())
}

fn wanted(address: &str) -> Wanted {
    Wanted {
        address: address.parse().unwrap(),
        seconds: 3600,
        alert_id: None,
        reason: "it scans".to_owned(),
        overridden: false,
        automatic: false,
        by: "ada".to_owned(),
        asker: Some("192.0.2.7".parse().unwrap()),
    }
}

/// The codes of the refusals, but the one that every machine of a test gives.
fn codes(responder: &Responder, wanted: &Wanted) -> Vec<&'static str> {
    let plan = responder.plan(wanted, NOW).unwrap();
    plan.refusals.iter().map(|one| one.code).filter(|code| *code != "firewall_unavailable").collect()
}

#[test]
fn a_confirmed_source_may_be_blocked_and_no_other() {
    let responder = responder(true);
    let record =
        |scan: &Detection| responder.store.record_detection(scan, false, NOW).unwrap().alert.life.alert_id;
    assert_eq!(codes(&responder, &wanted("203.0.113.9")), ["no_evidence"]);
    let unconfirmed = record(&scan("a", Attribution::Unconfirmed));
    assert_eq!(codes(&responder, &wanted("203.0.113.9")), ["not_confirmed"]);
    let confirmed = record(&scan("b", Attribution::Confirmed));
    assert_eq!(codes(&responder, &wanted("203.0.113.9")), [""; 0]);
    let plan = responder.plan(&wanted("203.0.113.9"), NOW).unwrap();
    assert_eq!(plan.evidence.unwrap().life.alert_id, confirmed);
    let by_alert = |id| Wanted { alert_id: Some(id), ..wanted("203.0.113.9") };
    assert_eq!(codes(&responder, &by_alert(unconfirmed)), ["not_confirmed"]);
    assert_eq!(codes(&responder, &by_alert(confirmed)), [""; 0]);
    assert_eq!(codes(&responder, &by_alert(99)), ["alert_not_found"]);
    let other = Wanted { alert_id: Some(confirmed), ..wanted("203.0.113.10") };
    assert_eq!(codes(&responder, &other), ["not_confirmed"], "the alert is about somebody else");
    let later = responder.plan(&wanted("203.0.113.9"), NOW.plus(FRESH + 1)).unwrap();
    assert!(later.refusals.iter().any(|one| one.code == "no_evidence"), "old evidence");
}

#[test]
fn a_decoy_is_no_source_and_a_finding_no_proof() {
    let responder = responder(true);
    let mut decoys = scan("a", Attribution::Confirmed);
    decoys.candidate_ips = vec!["203.0.113.66".parse().unwrap()];
    responder.store.record_detection(&decoys, false, NOW).unwrap();
    assert_eq!(codes(&responder, &wanted("203.0.113.66")), ["not_confirmed"]);
    let mut odd = finding("f");
    odd.detected_at = NOW;
    responder.store.record_finding(&odd, NOW).unwrap();
    assert_eq!(codes(&responder, &wanted("203.0.113.7")), ["not_confirmed"]);
    responder.store.record_detection(&scan("own", Attribution::Confirmed), true, NOW).unwrap();
    let own = Wanted { alert_id: Some(3), ..wanted("203.0.113.9") };
    assert_eq!(codes(&responder, &own), ["not_confirmed"], "a self-test proves nothing");
}

#[test]
fn an_override_does_without_evidence_and_not_without_the_rest() {
    let responder = responder(true);
    let forced = |address| Wanted { overridden: true, ..wanted(address) };
    assert_eq!(codes(&responder, &forced("203.0.113.9")), [""; 0]);
    for spared in ["127.0.0.1", "::1", "198.51.100.7", "192.0.2.7", "224.0.0.1", "0.0.0.0"] {
        assert_eq!(codes(&responder, &forced(spared)), ["never_block"], "{spared}");
    }
    let long = Wanted { seconds: LONGEST + 1, ..forced("203.0.113.9") };
    assert_eq!(codes(&responder, &long), ["bad_duration"]);
    assert_eq!(codes(&self::responder(false), &forced("203.0.113.9")), ["response_off"]);
}

#[test]
fn nothing_happens_where_it_is_not_allowed() {
    let responder = responder(true);
    responder.store.record_detection(&scan("b", Attribution::Confirmed), false, NOW).unwrap();
    let plan = responder.plan(&wanted("203.0.113.9"), NOW).unwrap();
    assert_eq!(plan.refusals[0].code, "firewall_unavailable");
    assert!(plan.refusals[0].help.as_ref().unwrap().contains("--response"));
    assert!(matches!(responder.block(&wanted("203.0.113.9"), NOW), Err(ResponseError::Refused(_))));
    assert!(responder.store.blocks(true, 10).unwrap().is_empty());
    let alert = responder.store.alert_of("b").unwrap().unwrap();
    assert!(responder.consider(&alert, NOW).unwrap().is_empty());
    assert!(responder.clear("ada", NOW).is_err());
    assert!(responder.reconcile(NOW).unwrap().is_empty());
}

#[test]
fn a_reset_warns_a_person_and_moves_no_policy() {
    let responder = responder(true);
    let record = |scan: &Detection| responder.store.record_detection(scan, false, NOW).unwrap().alert;
    let mut scan = scan("a", Attribution::Confirmed);
    let reset = record(&scan);
    assert_eq!(
        responder.plan(&wanted("203.0.113.9"), NOW).unwrap().warnings.len(),
        0,
        "it is refused anyway"
    );
    assert!(confirms(&reset, scan.source_ips[0]) && !proves(&reset, scan.source_ips[0]));
    scan.proven_ips = scan.source_ips.clone();
    assert!(proves(&record(&scan), scan.source_ips[0]));
    scan.attribution = Attribution::Unconfirmed;
    assert!(!proves(&record(&scan), scan.source_ips[0]), "among decoys even that is no proof");
}

#[test]
fn what_is_over_is_marked_even_without_a_firewall() {
    let responder = responder(true);
    let new = NewBlock {
        address: "203.0.113.9".parse().unwrap(),
        alert_id: None,
        reason: "x",
        automatic: false,
        overridden: true,
        by: "ada",
        expires_at: NOW,
    };
    responder.store.note_block(&new, Time(1)).unwrap();
    assert_eq!(responder.reconcile(NOW).unwrap().len(), 1);
    assert!(responder.store.blocks(false, 10).unwrap().is_empty());
}
