//! The numbers that are told hold: what is said to have tipped the scales does.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod synthetic;

use synthetic::*;
use vedette_detect::{Config, Detector};
use vedette_event::Event;

const A: &str = "10.0.0.9";

fn scan(ports: u16) -> Vec<Event> {
    (0..ports).map(|n| refused(i64::from(n) * 1_000, ip(A), ip("10.0.0.5"), 100 + n)).collect()
}

#[test]
fn each_contact_has_its_weight_and_the_last_one_passes_the_bar() {
    let told = told(scan(30));
    let found = &told[0];
    let numbers = &found.explanation;
    assert_eq!(numbers.about, "distinct ports of 10.0.0.5");
    assert_eq!(numbers.within, "a minute");
    assert_eq!(numbers.contacts.len() as u64, found.probes);
    let mut before = 0.0;
    for contact in &numbers.contacts {
        assert_eq!((contact.source, contact.weight > 0.0), (Some(ip(A)), true));
        assert!((contact.score - before - contact.weight).abs() < 0.02, "{contact:?}");
        before = contact.score;
    }
    let [.., last_but_one, last] = &numbers.contacts[..] else { panic!("{numbers:?}") };
    assert!(last_but_one.score < found.threshold && last.score >= found.threshold - 0.01);
    assert!((last.score - found.score).abs() < 0.05);
}

#[test]
fn what_would_have_kept_it_silent_does() {
    let all = scan(7);
    let told_of_all = told(all.clone());
    let otherwise = &told_of_all[0].explanation.otherwise;
    assert!(otherwise[0].starts_with("Without the strongest piece of evidence"), "{otherwise:?}");
    assert!(told(all[1..].to_vec()).is_empty(), "without one of them");
    assert!(otherwise[1].starts_with("One conversation"), "{otherwise:?}");
    let talk = connection(-1_000_000, ip(A), ip("10.0.0.5"), 80, 100, 100, 500_000);
    assert!(told(talk.into_iter().chain(all.clone()).collect()).is_empty(), "after a conversation");
    assert!(otherwise[2].contains("low sensitivity"), "{otherwise:?}");
    let low = Config { sensitivity: vedette_detect::Sensitivity::Low, ..Config::default() };
    assert!(run(low, &in_order(all)).is_empty());
}

#[test]
fn of_a_source_that_did_not_fire_it_says_what_is_missing() {
    let mut detector = Detector::new(Config::default());
    let mut out = Vec::new();
    scan(4).iter().for_each(|event| detector.observe(event, &mut out));
    let standing = detector.explain(ip(A)).unwrap();
    assert!(standing.campaign.is_none() && standing.score < standing.threshold, "{standing:?}");
    assert_eq!(standing.explanation.contacts.len(), 4);
    assert!(standing.explanation.otherwise[0].contains("about 3 more first contacts"), "{standing:?}");
    scan(7)[4..].iter().for_each(|event| detector.observe(event, &mut out));
    assert_eq!(out.len(), 1, "three more, and it fires");
    assert_eq!(detector.explain(ip(A)).unwrap().campaign.as_ref(), Some(&out[0].id));
    assert_eq!(detector.explain(ip("10.0.0.77")), None);
}

/// What is no contact stands in the list too, so that the rows add up to the score.
#[test]
fn the_packets_of_an_operating_system_detection_add_up() {
    let mut events = Vec::new();
    for (n, (flags, window, options)) in [
        (2, 1, 0x3128_4000_0000_0000_u64),
        (2, 63, 0x2348_0000_0000_0000),
        (0, 128, 0x3128_4000_0000_0000),
        (0x2b, 256, 0x3128_4000_0000_0000),
        (16, 1024, 0x3128_4000_0000_0000),
        (2, 31_337, 0x3128_4000_0000_0000),
    ]
    .into_iter()
    .enumerate()
    {
        let mut event = refused(n as i64 * 100_000, ip("10.0.0.9"), ip("10.0.0.5"), 22);
        (event.first.tcp_flags, event.first.window, event.first.options) = (flags, window, options);
        events.push(event);
    }
    let found = scans(&told(events));
    let [scan] = &found[..] else { panic!("{found:#?}") };
    let rows = &scan.explanation.contacts;
    assert!(rows.iter().any(|row| row.technique == "OS detection"), "{rows:#?}");
    let decided = rows.iter().find(|row| row.score >= scan.threshold).unwrap();
    assert!((decided.score - scan.threshold).abs() < 4.0, "{decided:?}");
    assert!(scan.reasons.iter().any(|reason| reason.starts_with("Severity ")), "{:?}", scan.reasons);
}

#[test]
fn a_single_contact_and_a_recognised_flood_are_explained_without_numbers_of_a_scan() {
    let mut detector = Detector::new(Config::default());
    let mut out = Vec::new();
    detector.observe(&scan(1)[0], &mut out);
    let standing = detector.explain(ip(A)).unwrap();
    assert_eq!((standing.contacts, standing.campaign), (1, None));
    for n in 0..3_000_u32 {
        detector.observe(&refused(i64::from(n) * 100, v4(0x0b00_0000 + n), ip("10.0.0.5"), 80), &mut out);
    }
    assert!(!out.is_empty() && out.iter().all(|found| found.explanation.contacts.is_empty()));
}
