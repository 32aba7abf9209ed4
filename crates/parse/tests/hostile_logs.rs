//! Any bytes as a log: no panic, and what is kept is bounded by what was read.
#![allow(clippy::unwrap_used)]

use proptest::prelude::*;
use vedette_event::{Observation, Time};
use vedette_parse::log::{Context, Format, LineReader, sniff};
use vedette_parse::netflow;

/// 2026-11-24T12:00:00Z
const NOW: Time = Time(1_795_521_600_000_000);

fn context() -> Context {
    Context { zone: jiff::tz::TimeZone::UTC, now: NOW, origin: "x".to_owned() }
}

fn text_formats() -> impl Iterator<Item = Format> {
    Format::ALL.into_iter().filter(|format| !format.is_binary())
}

/// A good line of each format, to be damaged.
const LINES: [(Format, &str); 6] = [
    (
        Format::Netfilter,
        "<4>Mar 15 20:55:15 fw kernel: [810294.788657] DROP IN=eth0 OUT= MAC=02:00:00:00:00:01:02:00:00:00:00:02:08:00 SRC=192.0.2.7 DST=10.0.0.1 LEN=44 TTL=49 ID=53123 PROTO=TCP SPT=37933 DPT=1025 WINDOW=1024 RES=0x00 SYN URGP=0 OPT (020405B40402080A)",
    ),
    (
        Format::Pfirewall,
        "2026-06-22 12:19:41 DROP TCP 10.0.0.9 10.0.0.5 40000 445 52 S 12345 0 64240 - - - RECEIVE",
    ),
    (
        Format::Zeek,
        r#"{"ts":1588205199.82437,"uid":"C1","id.orig_h":"10.0.0.9","id.orig_p":50000,"id.resp_h":"10.0.0.5","id.resp_p":22,"proto":"tcp","duration":1e300,"orig_bytes":5,"resp_bytes":9,"conn_state":"SF","history":"ShADadfF","orig_pkts":9}"#,
    ),
    (
        Format::Suricata,
        r#"{"timestamp":"2026-07-05T15:52:54.001329-0400","flow_id":18446744073709551615,"event_type":"flow","src_ip":"10.0.0.9","src_port":40000,"dest_ip":"10.0.0.5","dest_port":22,"proto":"TCP","flow":{"pkts_toserver":-1,"bytes_toserver":9223372036854775807,"start":"2026-07-05T15:51:23.453468-0400","end":"1970-07-05T15:51:24.453468-0400"},"tcp":{"tcp_flags_ts":"ffff"}}"#,
    ),
    (
        Format::Panos,
        "1,2024/05/01 10:00:01,0,TRAFFIC,end,1,2024/05/01 10:00:00,10.1.2.3,10.9.8.7,,,,,,incomplete,,,,,,,,0,9999999999,-1,445,0,0,0x0,tcp,allow,1,2,3,4,1024/05/01 10:00:01,0,any",
    ),
    (
        Format::Panos,
        "1,2024/05/01 10:00:01,0,THREAT,scan,1,2024/05/01 10:00:00,10.1.2.3,10.9.8.7,,,,,,x,,,,,,,,0,1,0,445,0,0,0x0,tcp,alert,,SCAN: Host Sweep(8002),any,medium,x,77",
    ),
];

fn check(seen: &[Observation]) {
    assert!(seen.len() <= 2, "{seen:?}");
    for seen in seen {
        let event = seen.event();
        assert!(event.decided >= event.time && event.count == 1, "{event:?}");
    }
}

#[test]
fn the_lines_to_be_damaged_are_good() {
    for (format, line) in LINES {
        let record = LineReader::new(format, context()).unwrap().read(line.as_bytes());
        assert!(record.as_ref().is_ok_and(Option::is_some), "{record:?}");
        check(&record.unwrap().unwrap().seen);
    }
}

#[test]
fn every_cut_and_every_changed_byte_is_survived() {
    for (format, line) in LINES {
        let mut reader = LineReader::new(format, context()).unwrap();
        for end in 0..line.len() {
            let _ = reader.read(&line.as_bytes()[..end]);
            let mut bytes = line.as_bytes().to_vec();
            for byte in [0_u8, b'"', b'{', b',', b'-', b'9', b'=', b'\\', 0xff] {
                bytes[end] = byte;
                if let Ok(Some(record)) = reader.read(&bytes) {
                    check(&record.seen);
                }
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 600, ..ProptestConfig::default() })]

    #[test]
    fn any_line_is_survived_by_every_format(line in proptest::collection::vec(any::<u8>(), 0..300)) {
        for format in text_formats() {
            let _ = LineReader::new(format, context()).unwrap().read(&line);
        }
        let _ = sniff(&line, NOW);
    }

    #[test]
    fn any_words_are_survived(words in proptest::collection::vec("[-#.:=/0-9A-Za-z\\[\\]{}\",]{0,12}", 0..40)) {
        let line = words.join(" ");
        for format in text_formats() {
            let _ = LineReader::new(format, context()).unwrap().read(line.as_bytes());
        }
    }

    #[test]
    fn any_datagram_is_survived(version in prop_oneof![Just(5_u16), Just(9), Just(10), any::<u16>()],
                                rest in proptest::collection::vec(any::<u8>(), 0..600)) {
        let mut bytes = version.to_be_bytes().to_vec();
        bytes.extend(&rest);
        let mut reader = netflow::Reader::new(&context());
        let mut out = reader.read(&bytes, NOW);
        prop_assert!(out.records.len() <= bytes.len());
        reader.finish(&mut out);
    }

    /// Templates of every kind, data for them, cut anywhere.
    #[test]
    fn any_template_is_survived(fields in proptest::collection::vec((0_u16..400, prop_oneof![0_u16..20, Just(65_535)]), 0..12),
                                data in proptest::collection::vec(any::<u8>(), 0..200),
                                ipfix in any::<bool>(), options in any::<bool>(), cut in 0_usize..500) {
        let mut body = 300_u16.to_be_bytes().to_vec();
        body.extend((fields.len() as u16).to_be_bytes());
        for (field, length) in &fields {
            body.extend(field.to_be_bytes());
            body.extend(length.to_be_bytes());
        }
        let set = |id: u16, body: &[u8]| {
            let mut set = id.to_be_bytes().to_vec();
            set.extend((body.len() as u16 + 4).to_be_bytes());
            set.extend(body);
            set
        };
        let id = u16::from(options) + if ipfix { 2 } else { 0 };
        let sets = [set(id, &body), set(300, &data)].concat();
        let mut bytes: Vec<u8> = if ipfix { vec![0, 10] } else { vec![0, 9] };
        if ipfix { bytes.extend((sets.len() as u16 + 16).to_be_bytes()) } else { bytes.extend([0, 2, 0, 0, 0, 0]) }
        bytes.extend(1_795_521_600_u32.to_be_bytes());
        bytes.extend([0; 8]);
        bytes.extend(&sets);
        bytes.truncate(cut);
        let mut reader = netflow::Reader::new(&context());
        let mut out = reader.read(&bytes, NOW);
        prop_assert!(out.records.len() <= bytes.len());
        reader.finish(&mut out);
    }
}
