//! One alert a campaign, findings beside them, restarts.

#![allow(clippy::unwrap_used)]
use super::*;

pub(crate) fn detection(id: &str) -> Detection {
    Detection {
        id: id.to_owned(),
        change: CampaignChange::Opened,
        kind: vedette_event::DetectionKind::Scan,
        name: format!("TCP SYN scan of 10.0.0.5 from 10.0.0.9 ({id})"),
        summary: String::new(),
        source_ips: vec!["10.0.0.9".parse().unwrap()],
        proven_ips: Vec::new(),
        part_of: None,
        candidate_ips: Vec::new(),
        target_ips: vec!["10.0.0.5".parse().unwrap()],
        addresses_cut: false,
        scan_types: Vec::new(),
        shape: vedette_event::Shape::Vertical,
        direction: "inbound".to_owned(),
        first_seen: Time::ZERO,
        last_seen: Time::ZERO,
        detected_at: Time(1_000_000),
        probes: 20,
        distinct_ports: 0,
        distinct_hosts: 0,
        ports: String::new(),
        open_ports: Vec::new(),
        open_services: Vec::new(),
        tool: vedette_event::Tool::default(),
        attribution: vedette_event::Attribution::Unconfirmed,
        severity: Severity::Medium,
        mitre: vedette_event::Mitre::default(),
        score: 0.0,
        threshold: 0.0,
        reasons: Vec::new(),
        explanation: vedette_event::Explanation::default(),
        sensor_losses: vedette_event::SensorLosses::default(),
        processes: Vec::new(),
        observers: Vec::new(),
    }
}

pub(crate) fn finding(key: &str) -> Finding {
    Finding {
        source: AlertSource::External,
        key: key.to_owned(),
        name: "Something odd <b>here</b>".to_owned(),
        summary: "As another product tells it.".to_owned(),
        severity: Severity::High,
        category: "Malware".to_owned(),
        mitre: vedette_event::Mitre::default(),
        source_ips: vec!["203.0.113.7".parse().unwrap()],
        target_ips: vec!["10.0.0.5".parse().unwrap()],
        hosts: vec!["web-1".to_owned()],
        users: Vec::new(),
        first_seen: Time(2_000_000),
        last_seen: Time(3_000_000),
        detected_at: Time(3_000_000),
        count: 1,
        vendor: "Acme".to_owned(),
        product: "Guard".to_owned(),
        fields: serde_json::Map::new(),
        rule: None,
    }
}

#[test]
fn a_finding_is_an_alert_beside_those_of_the_detectors() {
    let store = Store::in_memory();
    store.record_detection(&detection("c1"), false, Time(10)).unwrap();
    // The key of a finding says nothing about campaigns.
    let stored = store.record_finding(&finding("c1"), Time(20)).unwrap();
    assert!(stored.new && !stored.alert.life.active);
    assert_eq!(stored.alert.subject, Subject::from(finding("c1")));
    let mut again = finding("c1");
    again.severity = Severity::Critical;
    let same = store.record_finding(&again, Time(30)).unwrap();
    assert!(!same.new && same.alert.life.alert_id == stored.alert.life.alert_id);
    assert_eq!(store.alert_of("external:c1").unwrap().unwrap().subject.severity(), Severity::Critical);
    assert_eq!(store.alert_of("c1").unwrap().unwrap().subject, Subject::from(detection("c1")));
    assert_eq!(store.alert_totals().unwrap().total, 2);
}

#[test]
fn one_campaign_is_one_alert_that_grows() {
    let store = Store::in_memory();
    let mut campaign = detection("c1");
    let opened = store.record_detection(&campaign, false, Time(10)).unwrap();
    assert!(opened.new && opened.alert.life.active);
    assert_eq!(opened.alert.life.status, "new");
    campaign.change = CampaignChange::Updated;
    campaign.probes = 1000;
    campaign.severity = Severity::High;
    let grown = store.record_detection(&campaign, false, Time(20)).unwrap();
    assert!(!grown.new);
    assert_eq!(grown.alert.life.alert_id, opened.alert.life.alert_id);
    assert_eq!(grown.alert.subject.count(), 1000);
    campaign.change = CampaignChange::Closed;
    let ended = store.record_detection(&campaign, false, Time(30)).unwrap();
    assert!(!ended.alert.life.active);
    assert_eq!(ended.alert.life.status, "new", "the end of a scan is not the end of its alert");
    let history = store.history(ended.alert.life.alert_id).unwrap();
    let fields: Vec<_> = history.iter().map(|change| change.field.as_str()).collect();
    assert_eq!(fields, ["created", "severity", "active"]);
}

#[test]
fn the_alert_of_a_part_is_closed_as_a_duplicate_unless_somebody_took_it_up() {
    let store = Store::in_memory();
    let whole = store.record_detection(&detection("whole"), false, Time(10)).unwrap().alert.life.alert_id;
    for (id, taken) in [("decoy", false), ("taken", true)] {
        let mut part = detection(id);
        let alert = store.record_detection(&part, false, Time(20)).unwrap().alert.life.alert_id;
        if taken {
            let edit = Edit { status: Some(Status::InProgress), ..Edit::default() };
            store.edit_alert(alert, &edit, "ada", Time(25)).unwrap();
        }
        part.change = CampaignChange::Closed;
        part.part_of = Some("whole".to_owned());
        let ended = store.record_detection(&part, false, Time(30)).unwrap().alert.life;
        let (status, resolution) = if taken { ("in_progress", None) } else { ("closed", Some("duplicate")) };
        assert_eq!((ended.status.as_str(), ended.resolution.as_deref()), (status, resolution), "{id}");
        if !taken {
            assert_eq!(store.comments(alert).unwrap()[0].text, format!("Part of alert {whole}."));
        }
        // Told once more, nothing is closed twice.
        store.record_detection(&part, false, Time(40)).unwrap();
        assert_eq!(store.comments(alert).unwrap().len(), usize::from(!taken));
    }
    assert_eq!(store.alert(whole).unwrap().unwrap().life.status, "new");
}

#[test]
fn a_self_test_is_closed_from_the_start() {
    let store = Store::in_memory();
    let stored = store.record_detection(&detection("c1"), true, Time(10)).unwrap();
    assert_eq!(stored.alert.life.status, "closed");
    assert_eq!(stored.alert.life.resolution.as_deref(), Some(SELF_TEST));
    assert!(stored.alert.self_test && stored.alert.closed_at == Some(Time(10)));
}

#[test]
fn a_restart_ends_what_was_active_and_says_so() {
    let store = Store::in_memory();
    let id = store.record_detection(&detection("c1"), false, Time(10)).unwrap().alert.life.alert_id;
    assert_eq!(store.settle_after_restart(&["c1".to_owned()], Time(98)).unwrap(), 0, "it is followed");
    assert_eq!(store.settle_after_restart(&["c2".to_owned()], Time(99)).unwrap(), 1);
    assert_eq!(store.settle_after_restart(&[], Time(100)).unwrap(), 0);
    let alert = store.alert(id).unwrap().unwrap();
    assert!(!alert.life.active && alert.life.updated_at == Time(99));
    let last = store.history(id).unwrap().pop().unwrap();
    assert!(last.note.unwrap().contains("restarted"));
}

#[test]
fn survives_the_file_being_closed() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("state.db");
    let store = Store::open(&path).unwrap();
    store.record_detection(&detection("c1"), false, Time(10)).unwrap();
    drop(store);
    let again = Store::open(&path).unwrap();
    assert_eq!(again.alert_of("c1").unwrap().unwrap().subject, Subject::from(detection("c1")));
    assert_eq!(again.alert_of("c2").unwrap(), None);
}
