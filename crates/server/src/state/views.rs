//! One scan that a sensor and logs of other products saw is one alert. Each of them has a detector of
//! its own (docs/adr/003), so the campaigns are joined here, when a second one opens. The rule:
//!
//! 1. One of the two at least comes from a log, and nobody saw both: what one observer tells apart
//!    stays apart. Unless one of them is no more than the verdict of another product, which its own
//!    evidence does not bear out: a firewall writes its attempts and its verdicts into different logs.
//! 2. They overlap in time, give or take two minutes: clocks differ, and a log is written late.
//! 3. The sources of the one are among those of the other, candidates included; so are the hosts it
//!    probed. A firewall sees more hosts than a sensor. Ports are not compared: a firewall that tells of
//!    what it dropped, and a sensor behind it, see different ports of the same scan.
//!
//! The alert is of the campaign that a sensor saw, because packets tell more than lines; of two from
//! logs, of the first. The other is kept beside it as a view: who saw it, and what. An alert is active
//! as long as one of them goes on. What does not overlap when the second opens is never joined later.

use super::alerts::{AlertRecord, NewAlert, OURSELVES, Stored, known_alert, load, update};
use super::life_cycle::write_change;
use super::{StateError, Store};
use rusqlite::{Connection, OptionalExtension, Transaction, params};
use std::net::IpAddr;
use vedette_event::{Change, Detection, DetectionKind, Subject, Time};
use vedette_parse::log::Format;

/// In microseconds.
const SLACK: i64 = 120 * 1_000_000;
/// Alerts of a source that are compared, and views kept of one alert.
const COMPARED: i64 = 50;
const MOST: i64 = 20;
/// Addresses of a campaign that are looked for in other alerts.
const SOUGHT: usize = 8;

impl Store {
    /// What others saw of an alert, the first first.
    pub fn views(&self, alert: i64) -> Result<Vec<Detection>, StateError> {
        let connection = self.lock();
        let mut statement =
            connection.prepare("SELECT subject FROM alert_views WHERE alert_id = ?1 ORDER BY subject_key")?;
        let texts: Vec<String> = statement.query_map([alert], |row| row.get(0))?.collect::<Result<_, _>>()?;
        let mut views: Vec<Detection> =
            texts.iter().map(|text| serde_json::from_str(text)).collect::<Result<_, _>>()?;
        views.sort_by_key(|view| view.first_seen);
        Ok(views)
    }

    /// A campaign as it was last told of, whether an alert is of it or it is a view of one.
    pub fn campaign(&self, id: &str) -> Result<Option<Detection>, StateError> {
        let connection = self.lock();
        let sql = "SELECT subject FROM alerts WHERE subject_key = ?1 AND source = 'detection'
                   UNION ALL SELECT subject FROM alert_views WHERE subject_key = ?1 LIMIT 1";
        let text: Option<String> = connection.query_row(sql, [id], |row| row.get(0)).optional()?;
        Ok(text.map(|text| serde_json::from_str(&text)).transpose()?)
    }
}

/// The alert that a campaign is a view of.
pub(super) fn alert_of(connection: &Connection, id: &str) -> Result<Option<i64>, StateError> {
    let sql = "SELECT alert_id FROM alert_views WHERE subject_key = ?1";
    Ok(connection.query_row(sql, [id], |row| row.get(0)).optional()?)
}

/// Whether another view of the campaign's alert goes on.
pub(super) fn goes_on(connection: &Connection, id: &str) -> Result<bool, StateError> {
    let sql = "SELECT EXISTS (SELECT 1 FROM alert_views v JOIN alerts a ON a.id = v.alert_id
               WHERE a.subject_key = ?1 AND v.active)";
    Ok(connection.query_row(sql, [id], |row| row.get(0))?)
}

/// Stores a campaign that belongs to the alert of another; `None` when it has an alert of its own, or is
/// to get one.
pub(super) fn record(
    transaction: &Transaction<'_>,
    campaign: &Detection,
    now: Time,
) -> Result<Option<Stored>, StateError> {
    if let Some(alert) = alert_of(transaction, &campaign.id)? {
        keep(transaction, alert, campaign)?;
        return refresh(transaction, alert, now).map(Some);
    }
    if known_alert(transaction, &campaign.id)?.is_some() {
        return Ok(None);
    }
    let Some(alert) = same(transaction, campaign)? else { return Ok(None) };
    let id = alert.life.alert_id;
    let Subject::Detection(lead) = alert.subject else { return Ok(None) };
    let taken_over = is_of_log(&lead) && !is_of_log(campaign);
    if taken_over {
        take_over(transaction, id, &lead, campaign, now)?;
    } else {
        keep(transaction, id, campaign)?;
    }
    let note = if taken_over { "and this alert is now of what they saw" } else { "" };
    let who = campaign.observers.join(", ");
    write_change(
        transaction,
        id,
        now,
        OURSELVES,
        "seen_by",
        None,
        Some(&who),
        (!note.is_empty()).then_some(note),
    )?;
    refresh(transaction, id, now).map(Some)
}

/// The alert is of a sensor's campaign from now on; the log's becomes a view of it.
fn take_over(
    transaction: &Transaction<'_>,
    alert: i64,
    log: &Detection,
    sensor: &Detection,
    now: Time,
) -> Result<(), StateError> {
    let Some(known) = known_alert(transaction, &log.id)? else { return Ok(()) };
    keep(transaction, alert, log)?;
    transaction.execute("UPDATE alerts SET subject_key = ?2 WHERE id = ?1", params![alert, sensor.id])?;
    let subject = Subject::from(sensor.clone());
    update(transaction, &known, &NewAlert { subject: &subject, active: true, self_test: false }, now)
        .map(drop)
}

fn keep(transaction: &Transaction<'_>, alert: i64, view: &Detection) -> Result<(), StateError> {
    let active = view.change != Change::Closed;
    transaction.execute(
        "INSERT INTO alert_views (subject_key, alert_id, active, subject) VALUES (?1, ?2, ?3, ?4)
         ON CONFLICT (subject_key) DO UPDATE SET active = excluded.active, subject = excluded.subject",
        params![view.id, alert, active, serde_json::to_string(view)?],
    )?;
    Ok(())
}

/// The alert as it stands now that a view has changed.
fn refresh(transaction: &Transaction<'_>, id: i64, now: Time) -> Result<Stored, StateError> {
    let vanished = StateError::Invalid("the alert vanished");
    let before = load(transaction, id)?.ok_or(vanished)?;
    let own = before.subject.detection().is_some_and(|lead| lead.change != Change::Closed);
    let active = own || goes_on(transaction, &before.subject.key())?;
    let sql = "UPDATE alerts SET active = ?2, updated_at = ?3 WHERE id = ?1";
    transaction.execute(sql, params![id, active, now.0])?;
    if active != before.life.active {
        let (old, new) = (before.life.active.to_string(), active.to_string());
        write_change(transaction, id, now, OURSELVES, "active", Some(&old), Some(&new), None)?;
    }
    let alert = load(transaction, id)?.ok_or(StateError::Invalid("the alert vanished"))?;
    Ok(Stored { alert, new: false })
}

/// An alert about the same scan, the latest of several.
fn same(transaction: &Transaction<'_>, campaign: &Detection) -> Result<Option<AlertRecord>, StateError> {
    if campaign.kind != DetectionKind::Scan {
        return Ok(None);
    }
    let sql = format!(
        "SELECT id FROM alerts WHERE source = 'detection' AND NOT self_test AND excluded_by IS NULL AND detected_at <= ?1
             AND instr(search || char(10), char(10) || ?2 || char(10)) > 0
             AND (SELECT count(*) FROM alert_views v WHERE v.alert_id = alerts.id) < {MOST}
         ORDER BY id DESC LIMIT {COMPARED}"
    );
    let mut statement = transaction.prepare(&sql)?;
    for source in everybody(campaign).into_iter().take(SOUGHT) {
        let until = campaign.last_seen.plus(SLACK).0;
        let ids: Vec<i64> = statement
            .query_map(params![until, source.to_string()], |row| row.get(0))?
            .collect::<Result<_, _>>()?;
        for id in ids {
            let alert = load(transaction, id)?;
            let same = |alert: &AlertRecord| {
                alert.subject.detection().is_some_and(|known| is_same_scan(known, campaign))
            };
            if let Some(alert) = alert.filter(same) {
                return Ok(Some(alert));
            }
        }
    }
    Ok(None)
}

/// The rule.
fn is_same_scan(a: &Detection, b: &Detection) -> bool {
    let apart = !a.observers.iter().any(|observer| b.observers.contains(observer));
    let overlap = a.first_seen <= b.last_seen.plus(SLACK) && b.first_seen <= a.last_seen.plus(SLACK);
    let cut = a.addresses_cut || b.addresses_cut;
    (apart || is_only_a_verdict(a) || is_only_a_verdict(b))
        && (is_of_log(a) || is_of_log(b))
        && overlap
        && nested(&everybody(a), &everybody(b), cut)
        && nested(&a.target_ips, &b.target_ips, cut)
}

fn is_of_log(campaign: &Detection) -> bool {
    campaign.observers.iter().any(|observer| Format::of_observer(observer).is_some())
}

/// It was told of with less evidence than it takes: because another product says so.
fn is_only_a_verdict(campaign: &Detection) -> bool {
    is_of_log(campaign) && campaign.score < campaign.threshold
}

/// Sources and candidates.
fn everybody(campaign: &Detection) -> Vec<IpAddr> {
    campaign.source_ips.iter().chain(&campaign.candidate_ips).copied().collect()
}

/// All of the shorter list are in the longer; of lists that were cut, one is enough.
fn nested(a: &[IpAddr], b: &[IpAddr], cut: bool) -> bool {
    let (short, long) = if a.len() <= b.len() { (a, b) } else { (b, a) };
    let mut among = short.iter().map(|address| long.contains(address));
    if cut { among.any(|is| is) } else { !short.is_empty() && among.all(|is| is) }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::super::alerts::tests::detection;
    use super::*;

    const DAY: i64 = 86_400_000_000;

    fn seen(id: &str, observer: &str, at: i64) -> Detection {
        let mut campaign = detection(id);
        campaign.observers = vec![observer.to_owned()];
        campaign.first_seen = Time(at);
        campaign.last_seen = Time(at + 10_000_000);
        campaign.detected_at = Time(at + 1_000_000);
        campaign
    }

    fn record(store: &Store, campaign: &Detection) -> Stored {
        store.record_detection(campaign, false, Time(5 * DAY)).unwrap()
    }

    #[test]
    fn a_log_joins_what_the_sensor_saw() {
        let store = Store::in_memory();
        let first = record(&store, &seen("s", "a-sensor", DAY));
        let mut log = seen("l", "panos:fw-1", DAY + 30_000_000);
        let joined = record(&store, &log);
        assert!(first.new && !joined.new && joined.alert.life.alert_id == first.alert.life.alert_id);
        assert_eq!(joined.alert.subject.key(), "s");
        log.probes = 99;
        log.change = Change::Updated;
        record(&store, &log);
        let views = store.views(first.alert.life.alert_id).unwrap();
        assert_eq!((views.len(), views[0].probes, &views[0].observers[0][..]), (1, 99, "panos:fw-1"));
        assert_eq!(store.alert_totals().unwrap().total, 1);
        assert_eq!(store.alert_of("l").unwrap().unwrap().life.alert_id, first.alert.life.alert_id);
        assert_eq!(store.campaign("l").unwrap().unwrap().probes, 99);
    }

    #[test]
    fn the_sensors_view_leads_when_it_comes_second() {
        let store = Store::in_memory();
        let first = record(&store, &seen("l", "netfilter:web-1", DAY));
        let joined = record(&store, &seen("s", "a-sensor", DAY - 30_000_000));
        assert_eq!((joined.new, joined.alert.life.alert_id), (false, first.alert.life.alert_id));
        assert_eq!(joined.alert.subject.key(), "s");
        assert_eq!(store.views(joined.alert.life.alert_id).unwrap()[0].id, "l");
        let history = store.history(joined.alert.life.alert_id).unwrap();
        assert!(history.iter().any(|change| change.field == "seen_by"), "{history:?}");
    }

    #[test]
    fn it_is_active_until_nobody_sees_it_any_more() {
        let store = Store::in_memory();
        let (mut sensor, mut log) = (seen("s", "a-sensor", DAY), seen("l", "zeek:conn.log", DAY));
        record(&store, &sensor);
        record(&store, &log);
        sensor.change = Change::Closed;
        assert!(record(&store, &sensor).alert.life.active, "the log still tells of it");
        log.change = Change::Closed;
        assert!(!record(&store, &log).alert.life.active);
        sensor.change = Change::Updated;
        assert!(record(&store, &sensor).alert.life.active);
    }

    #[test]
    fn what_differs_stays_apart() {
        let other = |change: fn(&mut Detection)| {
            let store = Store::in_memory();
            record(&store, &seen("s", "a-sensor", 2 * DAY));
            let mut log = seen("l", "panos:fw-1", 2 * DAY);
            change(&mut log);
            record(&store, &log).new
        };
        assert!(!other(|_| ()), "the same scan");
        assert!(other(|log| log.source_ips = vec!["10.0.0.99".parse().unwrap()]), "another source");
        assert!(other(|log| log.target_ips = vec!["10.0.0.6".parse().unwrap()]), "another victim");
        let yesterday = |log: &mut Detection| {
            let of_yesterday = seen("l", "panos:fw-1", DAY);
            (log.first_seen, log.last_seen) = (of_yesterday.first_seen, of_yesterday.last_seen);
            log.detected_at = of_yesterday.detected_at;
        };
        assert!(other(yesterday), "yesterday's log");
        assert!(
            other(|log| log.observers = vec!["another-sensor".to_owned()]),
            "one detector tells them apart"
        );
        assert!(other(|log| log.observers.push("a-sensor".to_owned())), "the same observer tells them apart");
        let mine = |log: &mut Detection| log.target_ips.push("10.0.0.7".parse().unwrap());
        assert!(!other(mine), "a firewall sees more hosts");
    }

    #[test]
    fn a_firewalls_verdict_joins_what_its_other_log_tells_and_no_other_scan_does() {
        let told = |score: f64, first: fn(&mut Detection)| {
            let store = Store::in_memory();
            let mut attempts = seen("attempts", "panos:fw-1", DAY);
            (attempts.score, attempts.threshold) = (20.0, 9.0);
            first(&mut attempts);
            let mut verdict = seen("verdict", "panos:fw-1", DAY + 30_000_000);
            (verdict.score, verdict.threshold) = (score, 9.0);
            let both = [record(&store, &attempts).new, record(&store, &verdict).new];
            (both, store.alert_totals().unwrap().total)
        };
        assert_eq!(told(1.4, |_| ()), ([true, false], 1));
        assert_eq!(told(9.4, |_| ()), ([true, true], 2), "two scans that one observer tells apart");
        assert_eq!(told(1.4, |scan| scan.source_ips = vec!["10.0.0.99".parse().unwrap()]), ([true, true], 2));
    }

    #[test]
    fn an_address_that_only_begins_alike_is_another() {
        let store = Store::in_memory();
        let mut sensor = seen("s", "a-sensor", DAY);
        sensor.source_ips = vec!["10.0.0.99".parse().unwrap()];
        record(&store, &sensor);
        assert!(record(&store, &seen("l", "panos:fw-1", DAY)).new);
    }
}
