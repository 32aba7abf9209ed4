//! The headline query, over rows made here, against the same computed by hand: once shortened,
//! once word for word where the shared folder has it.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::collections::{BTreeMap, BTreeSet};
use std::net::Ipv4Addr;
use std::path::PathBuf;
use std::sync::Arc;
use vedette_engine::{Engine, EngineConfig, LakeCatalog, QueryOptions, QueryResult};
use vedette_event::datasets::panw::THREAT;
use vedette_event::{Row, Time, Value};

const SHORT: &str = r#"
    dataset = panw_ngfw_threat_raw // scans that touch the inside
    | filter log_type = "threat" and threat_name in (
        "SCAN: TCP Port Scan", "SCAN: UDP Port Scan", "Masscan Port Scanning Tool Detection",
        "SCAN: Nmap OS Detection", "SCAN: Ping Sweep", "Port Scan")
    | alter
        source_network_type = if(incidr(source_ip, "10.0.0.0/8, 172.16.0.0/12, 192.168.0.0/16"), "INTERNAL", "EXTERNAL"),
        dest_network_type = if(dest_ip incidr "10.0.0.0/8" or dest_ip incidr "172.16.0.0/12" or
            dest_ip incidr "192.168.0.0/16", "INTERNAL", "EXTERNAL")
    | filter source_network_type = "internal" or dest_network_type = "internal"
    | alter firewall_action_type = if(
        action = "drop", "🚫 DROPPED", action = "deny", "🚫 DENIED", action = "allow", "✅ ALLOWED",
        action contains "reset", "🔄 RESET", action)
    | comp
        count() as total_scan_detections, count_distinct(dest_ip) as unique_targets,
        count_distinct(session_id) as unique_sessions, earliest(_time) as first_scan_detection,
        latest(_time) as last_scan_detection, sum(if(action in ("drop", "deny"), 1, 0)) as blocked_scans,
        count_distinct(format_timestamp("%Y-%m-%d", _time)) as scan_active_days,
        count_distinct(extract_time(_time, "HOUR")) as scan_active_hours,
        count_distinct(source_location) as source_countries,
        values(firewall_action_type) as firewall_actions, values(dest_ip) as target_hosts,
        values(dest_port) as ports_targeted, values(from_zone) as source_zones,
        min(dest_port) as lowest_port_scanned, max(dest_port) as highest_port_scanned
      by source_ip
    | alter
        scan_duration_minutes = round(divide(subtract(to_epoch(last_scan_detection), to_epoch(first_scan_detection)), 60)),
        port_range_span = subtract(highest_port_scanned, lowest_port_scanned)
    | alter scan_timeframe = concat(
        format_timestamp("%Y-%m-%d %H:%M:%S", first_scan_detection), " → ",
        format_timestamp("%Y-%m-%d %H:%M:%S", last_scan_detection))
    | sort desc total_scan_detections
"#;

#[tokio::test]
async fn the_short_query_equals_the_computation() {
    let rows = rows(2_000);
    let (result, columns) = run(SHORT, &rows).await;
    let kept = |name: &str| {
        [
            "SCAN: TCP Port Scan",
            "SCAN: UDP Port Scan",
            "Masscan Port Scanning Tool Detection",
            "SCAN: Nmap OS Detection",
            "SCAN: Ping Sweep",
            "Port Scan",
        ]
        .iter()
        .any(|known| known.eq_ignore_ascii_case(name))
    };
    let mut expected = compute(&rows, kept);
    expected.sort_by_key(|row| std::cmp::Reverse(int(&row["total_scan_detections"])));
    check(&result, &columns, &expected);
}

#[tokio::test]
async fn the_verbatim_query_equals_the_computation() {
    let shared = std::env::var_os("VEDETTE_SHARED")
        .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared"), PathBuf::from);
    let Ok(query) = std::fs::read_to_string(shared.join("seed/internal_scan_threats.xql")) else {
        println!("skipped: there is no shared folder here");
        return;
    };
    let rows = rows(2_000);
    let (result, columns) = run(&query, &rows).await;
    let known = |name: &str| NAMES[..13].iter().any(|known| known.eq_ignore_ascii_case(name));
    let mut expected = compute(&rows, known);
    expected.sort_by_key(|row| {
        std::cmp::Reverse(
            ["internal_scan_risk_score", "allowed_scans", "total_scan_detections"].map(|key| int(&row[key])),
        )
    });
    assert_eq!(columns.len(), 24);
    check(&result, &columns, &expected);
}

fn check(result: &QueryResult, columns: &[String], expected: &[BTreeMap<&str, Value>]) {
    let found: Vec<Row> = result.rows().collect();
    assert!(found.len() > 30, "{} rows are too few to show anything", found.len());
    assert_eq!(found.len(), expected.len());
    for (found, expected) in found.iter().zip(expected) {
        for (name, cell) in columns.iter().zip(found) {
            assert_eq!(cell, &expected[name.as_str()], "{name} of {:?}", expected["source_ip"]);
        }
    }
}

async fn run(query: &str, rows: &[Row]) -> (QueryResult, Vec<String>) {
    let rows = rows.to_vec();
    let source = move || Ok(rows.clone());
    let catalog = LakeCatalog::without_lake().with_rows(&THREAT, Arc::new(source));
    let engine =
        Engine::new(Arc::new(catalog), EngineConfig { threads: 2, ..EngineConfig::default() }).unwrap();
    let result = match engine.run(query, QueryOptions::at(Time::from_seconds(1_780_000_000))).await {
        Ok(result) => result,
        Err(error) => panic!("{} {:?}", error.message, error.diagnostics),
    };
    let columns = result.columns().iter().map(|column| column.name.clone()).collect();
    (result, columns)
}

/// The first thirteen are those the headline query looks for.
const NAMES: [&str; 16] = [
    "SCAN: TCP Port Scan",
    "SCAN: UDP Port Scan",
    "Masscan Port Scanning Tool Detection",
    "SCAN: Nmap OS Detection",
    "SCAN: Nmap Script Scan",
    "SCAN: TCP SYN Scan",
    "SCAN: TCP Connect Scan",
    "SCAN: Stealth Port Scan",
    "SCAN: Intense Scan",
    "SCAN: Ping Sweep",
    "SCAN: Network Enumeration",
    "Port Scan",
    "Network Scan",
    "Generic HTTP Brute Force",
    "scan: tcp port scan",
    "PORT SCAN",
];

/// Deterministic numbers.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % sides
    }

    fn pick<'a>(&mut self, from: &[&'a str]) -> &'a str {
        from[self.roll(from.len() as u64) as usize]
    }
}

fn rows(count: usize) -> Vec<Row> {
    let mut dice = Dice(7);
    (0..count).map(|_| row(&mut dice)).collect()
}

fn row(dice: &mut Dice) -> Row {
    let mut row = vec![Value::Null; THREAT.fields.len()];
    let mut set = |name: &str, value: Value| row[THREAT.position(name).unwrap()] = value;
    // Most rows come from few sources, so that every level of risk occurs.
    let source = match dice.roll(20) {
        0..7 => "10.1.1.1".to_owned(),
        7..10 => format!("10.2.0.{}", dice.roll(3)),
        10..13 => format!("172.{}.0.{}", 15 + dice.roll(3), dice.roll(5)),
        13..16 => format!("192.168.3.{}", dice.roll(12)),
        16..18 => format!("203.0.113.{}", dice.roll(20)),
        18 => format!("fe80::{:x}", dice.roll(4)),
        _ => "not an address".to_owned(),
    };
    let target = match dice.roll(10) {
        0..6 => format!("10.9.{}.{}", dice.roll(2), dice.roll(40)),
        6..8 => format!("198.51.100.{}", dice.roll(9)),
        8 => format!("192.168.{}.1", dice.roll(300)), // some of them are none
        _ => "fd00::9".to_owned(),
    };
    let text = |text: &str| Value::text(text.to_owned());
    let maybe = |dice: &mut Dice, value: Value| if dice.roll(25) == 0 { Value::Null } else { value };
    set("_time", Value::Time(Time(1_769_000_000_000_000 + dice.roll(300_000_000_000) as i64)));
    let log_type = dice.pick(&["threat", "threat", "threat", "THREAT", "url"]);
    set("log_type", text(log_type));
    set("source_ip", maybe(dice, Value::from(source)));
    set("dest_ip", maybe(dice, Value::from(target)));
    let port =
        [22, 23, 80, 135, 443, 445, 1433, 1521, 3306, 3389, 5432, 8080, 8443, 27017][dice.roll(14) as usize];
    let port = if dice.roll(3) == 0 { dice.roll(65_536) as i64 } else { port };
    set("dest_port", maybe(dice, Value::Int(port)));
    set("session_id", Value::Int(dice.roll(900) as i64));
    let name = dice.pick(&NAMES);
    set("threat_name", maybe(dice, text(name)));
    let severity = dice.pick(&["Critical", "High", "medium", "LOW", "Informational"]);
    set("severity", maybe(dice, text(severity)));
    let action = dice.pick(&["allow", "alert", "drop", "Deny", "reset-client", "RESET-both", "block-ip"]);
    set("action", maybe(dice, text(action)));
    for field in ["from_zone", "to_zone", "rule_matched", "source_location", "dest_location"] {
        let word = dice.pick(&["trust", "untrust", "dmz", "Trust"]);
        set(field, maybe(dice, text(word)));
    }
    row
}

fn int(value: &Value) -> i64 {
    match value {
        Value::Int(number) => *number,
        other => panic!("{other:?} is no integer"),
    }
}

/// The fields of a row by name, as text and number.
struct Record<'a>(&'a Row);

impl<'a> Record<'a> {
    fn text(&self, name: &str) -> Option<&'a str> {
        match &self.0[THREAT.position(name).unwrap()] {
            Value::Str(text) => Some(text.as_ref()),
            _ => None,
        }
    }

    fn is(&self, name: &str, word: &str) -> bool {
        self.text(name).is_some_and(|text| text.to_lowercase() == word)
    }

    fn number(&self, name: &str) -> Option<i64> {
        match self.0[THREAT.position(name).unwrap()] {
            Value::Int(number) => Some(number),
            Value::Time(time) => Some(time.0),
            _ => None,
        }
    }

    fn internal(&self, name: &str) -> bool {
        self.text(name).and_then(|text| text.parse::<Ipv4Addr>().ok()).is_some_and(|ip| ip.is_private())
    }

    fn scan_direction(&self) -> &'static str {
        match (self.internal("source_ip"), self.internal("dest_ip")) {
            (true, true) => "🏠 INTERNAL_TO_INTERNAL",
            (true, false) => "🌐 INTERNAL_TO_EXTERNAL",
            (false, true) => "🚨 EXTERNAL_TO_INTERNAL",
            (false, false) => "🟡 UNKNOWN_DIRECTION",
        }
    }

    fn tool(&self) -> &'static str {
        let name = self.text("threat_name").unwrap().to_lowercase();
        let marks = [
            ("masscan", "⚡ MASSCAN_TOOL"),
            ("nmap", "🔍 NMAP_TOOL"),
            ("tcp", "🔗 TCP_SCAN"),
            ("udp", "📡 UDP_SCAN"),
            ("ping", "📶 PING_SWEEP"),
        ];
        marks.iter().find(|(mark, _)| name.contains(mark)).map_or("🔧 OTHER_SCAN_TOOL", |(_, label)| label)
    }

    fn action_type(&self) -> Option<&'a str> {
        let action = self.text("action")?;
        Some(match action.to_lowercase().as_str() {
            "drop" => "🚫 DROPPED",
            "deny" => "🚫 DENIED",
            "allow" => "✅ ALLOWED",
            other if other.contains("reset") => "🔄 RESET",
            _ => action,
        })
    }
}

/// What the query says, step by step over plain rows; one row a source, ascending, null first.
fn compute(rows: &[Row], wanted: impl Fn(&str) -> bool) -> Vec<BTreeMap<&'static str, Value>> {
    let mut groups: BTreeMap<Option<&str>, Vec<Record<'_>>> = BTreeMap::new();
    for row in rows {
        let record = Record(row);
        let kept = record.is("log_type", "threat")
            && record.text("threat_name").is_some_and(&wanted)
            && (record.internal("source_ip") || record.internal("dest_ip"));
        if kept {
            groups.entry(record.text("source_ip")).or_default().push(record);
        }
    }
    groups.into_iter().map(|(source, records)| summary(source, &records)).collect()
}

fn summary(source: Option<&str>, records: &[Record<'_>]) -> BTreeMap<&'static str, Value> {
    let mut row: BTreeMap<&'static str, Value> = BTreeMap::new();
    let words = |name: &str| -> BTreeSet<String> {
        records.iter().filter_map(|record| record.text(name)).map(str::to_owned).collect()
    };
    let numbers =
        |name: &str| -> BTreeSet<i64> { records.iter().filter_map(|record| record.number(name)).collect() };
    let count =
        |test: &dyn Fn(&Record<'_>) -> bool| records.iter().filter(|record| test(record)).count() as i64;
    let ports_in =
        |ports: &[i64]| count(&|record| record.number("dest_port").is_some_and(|port| ports.contains(&port)));
    let list = |values: BTreeSet<String>| Value::List(values.into_iter().map(Value::from).collect());

    let total = records.len() as i64;
    let targets = words("dest_ip").len() as i64;
    let ports = numbers("dest_port");
    let times = numbers("_time");
    let (first, last) = (*times.first().unwrap(), *times.last().unwrap());
    let allowed = count(&|record| record.is("action", "allow") || record.is("action", "alert"));
    let blocked = count(&|record| record.is("action", "drop") || record.is("action", "deny"));
    let reset =
        count(&|record| record.text("action").is_some_and(|action| action.to_lowercase().contains("reset")));
    let severity = |word: &str| count(&|record| record.is("severity", word));
    let (critical, high, medium, low) =
        (severity("critical"), severity("high"), severity("medium"), severity("low"));
    let system = count(&|record| record.number("dest_port").is_some_and(|port| (1..=1024).contains(&port)));
    let admin = ports_in(&[22, 23, 135, 445, 1433, 3389, 5432]);
    let web = ports_in(&[80, 443, 8080, 8443]);
    let database = ports_in(&[1433, 1521, 3306, 5432, 27017]);
    let unique_ports = ports.len() as i64;

    let seconds = last.div_euclid(1_000_000) - first.div_euclid(1_000_000);
    let minutes = (seconds as f64 / 60.0).round() as i64;
    let rate = if minutes > 0 { (total as f64 / minutes as f64).round() as i64 } else { total };
    let span = ports.first().zip(ports.last()).map(|(low, high)| high - low);
    let risk = match () {
        () if allowed > 50 && admin > 20 => 100,
        () if critical > 0 && targets > 10 => 95,
        () if total > 500 && rate > 10 => 90,
        () if targets > 20 && unique_ports > 50 => 85,
        () if admin > 30 && database > 10 => 80,
        () if total > 200 && minutes <= 30 => 75,
        () if targets > 10 && system > 50 => 70,
        () if total > 100 && unique_ports > 20 => 65,
        () if web > 20 && admin > 10 => 60,
        () if total > 50 => 55,
        () if targets > 5 => 50,
        () => 45,
    };
    let level = match risk {
        _ if allowed > 50 && admin > 20 => "🚨 CRITICAL: SUCCESSFUL ADMIN SCANNING",
        95.. => "🚨 CRITICAL: ADVANCED INTERNAL SCANNING",
        85.. => "🔴 SEVERE: HIGH-VOLUME INTERNAL SCANNING",
        75.. => "🔴 HIGH: RAPID INTERNAL SCANNING",
        65.. => "🟠 MODERATE: TARGETED INTERNAL SCANNING",
        55.. => "🟡 ELEVATED: DETECTED INTERNAL SCANNING",
        _ => "🟢 LOW: MINIMAL SCANNING ACTIVITY",
    };
    let mut set = |name: &'static str, value: Value| drop(row.insert(name, value));
    set("source_ip", source.map_or(Value::Null, |source| Value::text(source.to_owned())));
    set("target_hosts", list(words("dest_ip")));
    set("internal_scan_threat_level", Value::from(level));
    set("scan_directions", list(records.iter().map(|record| record.scan_direction().to_owned()).collect()));
    set("threat_signatures", list(words("threat_name")));
    set(
        "firewall_actions",
        list(records.iter().filter_map(Record::action_type).map(str::to_owned).collect()),
    );
    set("ports_targeted", Value::List(ports.iter().map(|port| Value::Int(*port)).collect()));
    set("scanning_tools", list(records.iter().map(|record| record.tool().to_owned()).collect()));
    set("source_zones", list(words("from_zone")));
    set("destination_zones", list(words("to_zone")));
    set("firewall_rules_hit", list(words("rule_matched")));
    set("total_scan_detections", Value::Int(total));
    set("allowed_scans", Value::Int(allowed));
    set("blocked_scans", Value::Int(blocked));
    set("unique_targets", Value::Int(targets));
    set("unique_ports_scanned", Value::Int(unique_ports));
    set("unique_sessions", Value::Int(numbers("session_id").len() as i64));
    set("scans_per_minute", Value::Int(rate));
    set("scan_duration_minutes", Value::Int(minutes));
    set("internal_scan_risk_score", Value::Int(risk));
    set("first_scan_detection", Value::Time(Time(first)));
    set("last_scan_detection", Value::Time(Time(last)));
    let parts = |unit: i64, modulo: i64| {
        let parts: BTreeSet<i64> =
            times.iter().map(|time| time.div_euclid(unit).rem_euclid(modulo)).collect();
        Value::Int(parts.len() as i64)
    };
    set("scan_active_days", parts(86_400_000_000, i64::MAX));
    set("scan_active_hours", parts(3_600_000_000, 24));
    set("source_countries", Value::Int(words("source_location").len() as i64));
    let port = |port: Option<&i64>| port.map_or(Value::Null, |port| Value::Int(*port));
    set("lowest_port_scanned", port(ports.first()));
    set("highest_port_scanned", port(ports.last()));
    set("port_range_span", port(span.as_ref()));

    let signatures = words("threat_name").len();
    set(
        "scan_activity_summary",
        Value::from(format!(
            "{total} detections | {targets} targets | {unique_ports} ports | {signatures} signatures"
        )),
    );
    set(
        "firewall_response_summary",
        Value::from(format!("Allowed: {allowed} | Blocked: {blocked} | Reset: {reset} | Risk Score: {risk}")),
    );
    set(
        "severity_breakdown",
        Value::from(format!("Critical: {critical} | High: {high} | Medium: {medium} | Low: {low}")),
    );
    set(
        "port_targeting_analysis",
        Value::from(format!("System: {system} | Admin: {admin} | Web: {web} | DB: {database}")),
    );
    let range = ports.first().zip(ports.last()).map(|(low, high)| {
        let diversity = targets + unique_ports;
        format!("Duration: {minutes}min | Rate: {rate}/min | Range: {low}-{high} | Diversity: {diversity}")
    });
    set("scan_performance_metrics", range.map_or(Value::Null, Value::from));
    set("scan_timeframe", Value::from(format!("{} → {}", clock(first), clock(last))));
    row
}

/// `2026-01-31 08:00:00`
fn clock(micros: i64) -> String {
    Time(micros).rfc3339()[..19].replace('T', " ")
}
