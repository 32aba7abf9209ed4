#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
use super::*;

const SCAN: &str = "1,2024/05/01 10:00:01,007200001056,THREAT,scan,2305,2024/05/01 10:00:00,10.1.2.3,10.9.8.7,0.0.0.0,0.0.0.0,,corp\\ann,,not-applicable,vsys1,trust,dmz,ethernet1/1,,fwd,2024/05/01 10:00:01,0,1,0,445,0,0,0x0,tcp,alert,,SCAN: TCP Port Scan(8001),any,medium,server-to-client,77,0x8000000000000000,10.0.0.0-10.255.255.255,Germany";

fn cell(record: &Record, name: &str) -> Value {
    record.row[record.dataset.position(name).unwrap()].clone()
}

fn read_line(line: &str) -> Result<Record, PanosError> {
    parse_line(line.as_bytes(), &TimeZone::UTC)
}

#[test]
fn a_scan_under_every_header_gives_the_same_row() {
    let bare = read_line(SCAN).unwrap();
    assert_eq!(bare.dataset.name, "panw_ngfw_threat_raw");
    assert_eq!(cell(&bare, "threat_name"), Value::text("SCAN: TCP Port Scan"));
    assert_eq!(cell(&bare, "threat_id"), Value::Int(8001));
    assert_eq!(cell(&bare, "severity"), Value::text("Medium"));
    assert_eq!(cell(&bare, "vendor_severity"), Value::text("medium"));
    assert_eq!(cell(&bare, "log_type"), Value::text("threat"));
    assert_eq!(cell(&bare, "source_ip"), Value::text("10.1.2.3"));
    assert_eq!(cell(&bare, "dest_port"), Value::Int(445));
    assert_eq!(cell(&bare, "rule_matched"), Value::Null);
    assert_eq!(cell(&bare, "source_user_info_name"), Value::text("ann"));
    assert_eq!(cell(&bare, "_time"), Value::Time(Time::parse("2024-05-01T10:00:00Z").unwrap()));
    for header in [
        "May  1 10:00:02 fw-1 ",
        "May  1 10:00:02 fw-1 : ",
        "<14>May  1 10:00:02 fw-1 ",
        "<14>1 2024-05-01T10:00:02.123Z fw-1 - - - [meta a=\"1,2\"] \u{feff}",
    ] {
        let mut under = read_line(&format!("{header}{SCAN}\r\n")).unwrap();
        let raw = under.dataset.position("_raw_log").unwrap();
        under.row[raw] = bare.row[raw].clone();
        assert_eq!(under.row, bare.row, "{header}");
    }
}

#[test]
fn times_take_the_firewalls_zone_or_their_own_offset() {
    let zone = TimeZone::fixed(jiff::tz::offset(2));
    let record = parse_line(SCAN.as_bytes(), &zone).unwrap();
    assert_eq!(cell(&record, "_time"), Value::Time(Time::parse("2024-05-01T08:00:00Z").unwrap()));
    let mut columns: Vec<&str> = SCAN.split(',').collect();
    columns.resize(layout::THREAT_HIGH_RES, "");
    columns.push("2024-05-01T10:00:00.250+05:30");
    let record = parse_line(columns.join(",").as_bytes(), &zone).unwrap();
    assert_eq!(cell(&record, "_time"), Value::Time(Time::parse("2024-05-01T04:30:00.25Z").unwrap()));
    assert_eq!(cell(&record, "log_time"), Value::Time(Time::parse("2024-05-01T04:30:01Z").unwrap()));
}

#[test]
fn quotes_and_braces_hold_commas_together() {
    assert_eq!(csv::split(r#"a,"b,""c""",{d,{e,f}},"#), ["a", "b,\"c\"", "{d,{e,f}}", ""]);
}

#[test]
fn what_is_wrong_is_said() {
    let error = |line: &str| read_line(line).map(|record| record.row).unwrap_err();
    assert_eq!(error(""), PanosError::NotPanos);
    assert_eq!(error("hello, world"), PanosError::NotPanos);
    assert_eq!(
        error("CEF:0|Palo Alto Networks|PAN-OS|10|x|THREAT|1|"),
        PanosError::OtherFormat { format: "CEF" }
    );
    assert_eq!(
        error(&SCAN.replace("THREAT", "SYSTEM")).to_string(),
        "log type SYSTEM has no dataset yet: THREAT and TRAFFIC are read"
    );
    assert_eq!(
        error(&SCAN.replace(",445,", ",4x5,")).to_string(),
        "column 26 (dest_port) should be a whole number"
    );
    assert_eq!(
        error(&SCAN.replace("10.1.2.3", "")).to_string(),
        "column 8 (source_ip) should be an IP address"
    );
    let cut_line = &SCAN[..SCAN.find("trust").unwrap()];
    assert!(
        matches!(error(cut_line), PanosError::TooShort { have: 17, need: 36, .. }),
        "{:?}",
        error(cut_line)
    );
}

#[test]
fn every_cut_and_every_changed_byte_is_survived() {
    for end in 0..SCAN.len() {
        let _ = read_line(&SCAN[..end]);
        let mut bytes = SCAN.as_bytes().to_vec();
        for byte in [0u8, b'"', b'{', b',', 0xff] {
            bytes[end] = byte;
            let _ = parse_line(&bytes, &TimeZone::UTC);
        }
    }
}
