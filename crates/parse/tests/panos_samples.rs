//! Real PAN-OS logs from the shared samples against what another parser made of them.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use jiff::tz::TimeZone;
use std::path::PathBuf;
use vedette_event::Value;
use vedette_parse::panos::{PanosError, parse_line};

fn samples() -> Option<PathBuf> {
    let shared = std::env::var_os("VEDETTE_SHARED").map(PathBuf::from);
    let shared = shared.unwrap_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared"));
    let folder = shared.join("samples/panos");
    if !folder.is_dir() {
        println!("skipped: {} is not there", folder.display());
        return None;
    }
    Some(folder)
}

#[test]
fn elastic_samples_agree_with_elastics_own_parse() {
    let Some(folder) = samples() else { return };
    for (file, dataset) in [
        ("elastic_panos_threat-sample.log", "panw_ngfw_threat_raw"),
        ("elastic_panos_inc-traffic-sample.log", "panw_ngfw_traffic_raw"),
    ] {
        let text = std::fs::read_to_string(folder.join(file)).unwrap();
        let expected = std::fs::read_to_string(folder.join(format!("{file}-expected.json"))).unwrap();
        let expected: serde_json::Value = serde_json::from_str(&expected).unwrap();
        let expected = expected["expected"].as_array().unwrap();
        let mut compared = 0;
        for (line, want) in text.lines().zip(expected) {
            let record = parse_line(line.as_bytes(), &TimeZone::UTC)
                .unwrap_or_else(|error| panic!("{file}: {error}: {line}"));
            assert_eq!(record.dataset.name, dataset);
            let cell = |name: &str| record.row[record.dataset.position(name).unwrap()].clone();
            for (name, path) in [
                ("source_ip", "/source/ip"),
                ("dest_ip", "/destination/ip"),
                ("rule_matched", "/rule/name"),
                ("app", "/network/application"),
                ("from_zone", "/observer/ingress/zone"),
                ("log_source_id", "/observer/serial_number"),
                ("session_id", "/panw/panos/flow_id"),
                ("source_port", "/source/port"),
                ("dest_port", "/destination/port"),
                ("sequence_no", "/panw/panos/sequence_number"),
                ("threat_id", "/panw/panos/threat/id"),
                ("file_sha_256", "/file/hash/sha256"),
                ("bytes_total", "/network/bytes"),
                ("packets_sent", "/source/packets"),
                ("session_end_reason", "/panw/panos/endreason"),
            ] {
                let Some(want) = want.pointer(path) else { continue };
                let Some(at) = record.dataset.position(name) else { continue };
                let have = match &record.row[at] {
                    Value::Int(number) => number.to_string(),
                    Value::Str(text) => text.to_string(),
                    other => panic!("{file}: {name} is {other:?}, not {want}: {line}"),
                };
                assert_eq!(
                    have,
                    want.as_str().map_or(want.to_string(), str::to_owned),
                    "{file}: {name}: {line}"
                );
                compared += 1;
            }
            assert!(!cell("_time").is_null());
        }
        println!("{file}: {compared} cells agree");
        assert!(compared > 500);
    }
}

#[test]
fn the_newest_columns_are_where_they_should_be() {
    let Some(folder) = samples() else { return };
    let text = std::fs::read_to_string(folder.join("crowdsec_palo-alto-threat.log")).unwrap();
    let record = parse_line(text.lines().next().unwrap().as_bytes(), &TimeZone::UTC).unwrap();
    let cell = |name: &str| record.row[record.dataset.position(name).unwrap()].clone();
    assert_eq!(cell("app_sub_category"), Value::text("encrypted-tunnel"));
    assert_eq!(cell("app_category"), Value::text("networking"));
    assert_eq!(cell("threat_category"), Value::text("brute-force"));
    let Value::Time(time) = cell("_time") else { panic!() };
    assert_eq!(time.rfc3339(), "2023-07-06T06:11:40.288000Z");
}

#[test]
fn every_sample_gives_a_row_or_a_reason() {
    let Some(folder) = samples() else { return };
    let (mut rows, mut reasons) = (0, 0);
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        // What other parsers made of the logs is no log; a decoder's test file holds masked addresses.
        if path.extension().is_some_and(|ending| ending == "json" || ending == "ini") {
            continue;
        }
        let bytes = std::fs::read(&path).unwrap();
        for line in bytes.split(|byte| *byte == b'\n') {
            match parse_line(line, &TimeZone::UTC) {
                Ok(_) => rows += 1,
                Err(PanosError::BadColumn { .. }) => {
                    panic!("{}: {}", path.display(), String::from_utf8_lossy(line))
                }
                Err(_) => reasons += 1,
            }
        }
    }
    println!("{rows} rows, {reasons} lines with a reason");
    assert!(rows > 300);
}
