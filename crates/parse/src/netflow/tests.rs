#![allow(clippy::unwrap_used)]
use super::*;
use crate::log::testing::NOW;
use jiff::tz::TimeZone;
use vedette_event::{Closing, Outcome, Value, flag};

/// Seconds of the datagrams: 2026-11-24T12:00:00Z.
const SENT: u32 = 1_795_521_600;

fn reader() -> Reader {
    Reader::new(&Context { zone: TimeZone::UTC, now: NOW, origin: "test.dat".to_owned() })
}

fn all(input: &[u8]) -> Output {
    let mut reader = reader();
    let mut out = reader.read(input, NOW);
    reader.finish(&mut out);
    out
}

/// A record of version 5, `at` milliseconds after the exporter started.
fn v5_record(source: (u8, u16), target: (u8, u16), flags: u8, packets: u32, bytes: u32, at: u32) -> Vec<u8> {
    let mut record = Vec::new();
    record.extend([10, 0, 0, source.0]);
    record.extend([10, 0, 0, target.0]);
    record.extend([0; 8]);
    record.extend(packets.to_be_bytes());
    record.extend(bytes.to_be_bytes());
    record.extend(at.to_be_bytes());
    record.extend((at + 50).to_be_bytes());
    record.extend(source.1.to_be_bytes());
    record.extend(target.1.to_be_bytes());
    record.extend([0, flags, 6, 0]);
    record.extend([0; 8]);
    record
}

fn v5(records: &[Vec<u8>]) -> Vec<u8> {
    let mut datagram = vec![0, 5, 0, records.len() as u8];
    datagram.extend(60_000_u32.to_be_bytes());
    datagram.extend(SENT.to_be_bytes());
    datagram.extend([0; 12]);
    records.iter().for_each(|record| datagram.extend(record));
    datagram
}

fn set(id: u16, body: &[u8]) -> Vec<u8> {
    let mut set = id.to_be_bytes().to_vec();
    set.extend((body.len() as u16 + 4).to_be_bytes());
    set.extend(body);
    set
}

fn v9(sets: &[Vec<u8>]) -> Vec<u8> {
    let mut datagram = vec![0, 9, 0, 1];
    datagram.extend(60_000_u32.to_be_bytes());
    datagram.extend(SENT.to_be_bytes());
    datagram.extend([0, 0, 0, 1, 0, 0, 0, 7]);
    sets.iter().for_each(|set| datagram.extend(set));
    datagram
}

fn ipfix(sets: &[Vec<u8>]) -> Vec<u8> {
    let length: usize = sets.iter().map(Vec::len).sum();
    let mut message = vec![0, 10];
    message.extend((length as u16 + 16).to_be_bytes());
    message.extend(SENT.to_be_bytes());
    message.extend([0, 0, 0, 1, 0, 0, 0, 7]);
    sets.iter().for_each(|set| message.extend(set));
    message
}

/// Source, target, ports, protocol, flags, packets, bytes.
const FIELDS: [(u16, u16); 8] = [(8, 4), (12, 4), (7, 2), (11, 2), (4, 1), (6, 1), (2, 4), (1, 4)];

fn template(id: u16, fields: &[(u16, u16)]) -> Vec<u8> {
    let mut body = id.to_be_bytes().to_vec();
    body.extend((fields.len() as u16).to_be_bytes());
    for (field, length) in fields {
        body.extend(field.to_be_bytes());
        body.extend(length.to_be_bytes());
    }
    body
}

fn data() -> Vec<u8> {
    let mut record = vec![10, 0, 0, 9, 10, 0, 0, 5, 0x9c, 0x40, 0, 22, 6, flag::SYN as u8];
    record.extend(1_u32.to_be_bytes());
    record.extend(44_u32.to_be_bytes());
    record
}

#[test]
fn both_halves_of_a_flow_are_one_attempt() {
    let (syn, ack, psh, fin, rst) = (2, 16, 8, 1, 4);
    let out = all(&v5(&[
        v5_record((9, 40_000), (5, 22), syn | ack | psh | fin, 9, 2_000, 1_000),
        v5_record((5, 22), (9, 40_000), syn | ack | psh | fin, 8, 9_000, 1_001),
        v5_record((5, 23), (9, 40_001), rst | ack, 1, 40, 2_001),
        v5_record((9, 40_001), (5, 23), syn, 1, 44, 2_000),
        v5_record((9, 40_002), (5, 24), syn, 3, 132, 3_000),
    ]));
    assert_eq!((out.records.len(), out.bad.len(), out.seen.len()), (5, 0, 4));
    let told = |n: usize| {
        let event = out.seen[n].event();
        (event.target_port, event.outcome, event.handshake_completed)
    };
    assert_eq!(told(0), (22, Outcome::Accepted, true));
    assert_eq!((told(2), told(3)), ((23, Outcome::Refused, false), (24, Outcome::Unanswered, false)));
    assert_eq!(out.seen[1].event().closing, Closing::Fin);
    let record = &out.records[0];
    assert_eq!(record.cell("start_time"), Value::Time(Time(i64::from(SENT) * 1_000_000 - 59_000_000)));
    assert_eq!((record.cell("dest_ip"), record.cell("tcp_flags")), (Value::text("10.0.0.5"), Value::Int(27)));
}

#[test]
fn an_exporter_of_one_direction_says_nothing_about_silence() {
    let mut udp = v5_record((9, 40_000), (5, 53), 0, 1, 60, 1_000);
    udp[38] = 17;
    assert_eq!(all(&v5(&[udp.clone()])).seen[0].event().outcome, Outcome::Unknown);
    let pair = [v5_record((9, 1), (5, 22), 2, 1, 44, 1), v5_record((5, 22), (9, 1), 20, 1, 40, 2)];
    let out = all(&v5(&[pair[0].clone(), pair[1].clone(), udp.clone()]));
    assert_eq!(out.seen[1].event().outcome, Outcome::Unanswered, "this one tells both");
    let mut sampled = v5(&[v5_record((9, 1), (5, 22), 2, 1, 44, 1)]);
    sampled[22..24].copy_from_slice(&[0x40, 100]);
    let out = all(&sampled);
    assert_eq!(out.seen[0].event().outcome, Outcome::Unknown, "one packet in 100 is looked at");
    assert_eq!(out.records[0].cell("sampling"), Value::Int(100));
}

#[test]
fn templates_tell_what_records_hold() {
    let learnt = set(0, &template(300, &FIELDS));
    let out = all(&v9(&[learnt.clone(), set(300, &data())]));
    assert_eq!((out.records.len(), out.bad.len()), (1, 0), "{:?}", out.bad);
    assert_eq!(
        (out.records[0].cell("dest_port"), out.records[0].cell("exporter_id")),
        (Value::Int(22), Value::Int(7))
    );
    assert_eq!(out.seen[0].event().outcome, Outcome::Unanswered);
    // The template comes with the next datagram.
    let late = [v9(&[set(300, &data())]), v9(&[learnt])].concat();
    let out = all(&late);
    assert_eq!((out.records.len(), out.bad.len()), (1, 0), "{:?}", out.bad);
    let never = all(&v9(&[set(300, &data())]));
    assert_eq!((never.records.len(), never.bad.len()), (0, 1));
    assert!(never.bad[0].why.to_string().contains("template"), "{}", never.bad[0].why);
}

#[test]
fn ipfix_has_enterprises_and_lengths_of_its_own() {
    let mut body = template(400, &[(8, 4), (12, 4), (4, 1)]);
    body[3] = 6;
    // The way back (RFC 5103): bytes and packets. A name of variable length.
    for (field, length, enterprise) in [(1_u16, 4_u16, 29_305_u32), (2, 4, 29_305), (96, 65_535, 9)] {
        body.extend((field | 0x8000).to_be_bytes());
        body.extend(length.to_be_bytes());
        body.extend(enterprise.to_be_bytes());
    }
    let mut record = vec![10, 0, 0, 9, 10, 0, 0, 5, 17];
    record.extend(500_u32.to_be_bytes());
    record.extend(2_u32.to_be_bytes());
    record.extend([3, b'd', b'n', b's']);
    let out = all(&ipfix(&[set(2, &body), set(400, &record)]));
    assert_eq!((out.records.len(), out.bad.len()), (1, 0), "{:?}", out.bad);
    assert_eq!(out.records[0].cell("bytes_received"), Value::Int(500));
    assert_eq!(out.seen[0].event().outcome, Outcome::Accepted);
}

#[test]
fn firewalls_say_what_became_of_it() {
    let fields = [(8, 4), (12, 4), (4, 1), (233, 1), (33_002, 2)];
    let told = |event: u8, reason: u16| {
        let mut record = vec![10, 0, 0, 9, 10, 0, 0, 5, 6, event];
        record.extend(reason.to_be_bytes());
        let out = all(&v9(&[set(0, &template(300, &fields)), set(300, &record)]));
        (out.records[0].cell("action"), out.seen.first().map(|seen| seen.event().outcome))
    };
    assert_eq!(told(3, 1_001), (Value::text("denied"), Some(Outcome::Unanswered)));
    assert_eq!(told(3, 1_004), (Value::text("denied"), Some(Outcome::MidStream)));
    assert_eq!(told(1, 0), (Value::text("created"), None));
}

#[test]
fn what_is_wrong_is_said_and_kept() {
    let cut = v5(&[v5_record((9, 1), (5, 22), 2, 1, 44, 1)]);
    for (input, want) in [
        (b"hello".to_vec(), "no version 5, 9 or 10"),
        (cut[..50].to_vec(), "cut short"),
        ([&[0, 5, 0, 200][..], &[0; 40]].concat(), "1 to 30 records"),
        (v9(&[set(7, &[0; 8])]), "a number that means nothing"),
        (v9(&[vec![0, 0, 0, 0]]), "cut short"),
    ] {
        let out = all(&input);
        assert_eq!(out.bad.len(), 1, "{want}");
        assert!(out.bad[0].why.to_string().contains(want), "{} / {want}", out.bad[0].why);
        assert_eq!(out.bad[0].raw, input);
    }
    assert!(!looks_like(b"hello") && looks_like(&cut));
}

#[test]
fn a_hostile_template_costs_nothing() {
    let empty = template(300, &[(8, 0), (12, 0)]);
    let out = all(&v9(&[set(0, &empty), set(300, &[0; 1_000])]));
    assert_eq!(out.records.len(), 0, "records of no bytes would never end");
    let mut reader = reader();
    for id in 256..=u16::MAX {
        reader.read(&v9(&[set(0, &template(id, &FIELDS)), set(id, &[])]), NOW);
    }
    let (mut waiting, mut refused) = (0, 0);
    for id in 256..10_000_u16 {
        let out = reader.read(&ipfix(&[set(id, &[0; 100])]), NOW);
        waiting += usize::from(out.bad.is_empty());
        refused += out.bad.len();
    }
    assert!(waiting <= 1_024 && refused > 8_000, "{waiting} {refused}");
}
