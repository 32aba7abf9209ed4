#![allow(clippy::unwrap_used)]
use crate::log::Format;
use crate::log::testing::{error, one, reader};
use vedette_event::{Closing, EventKind, Observation, Outcome, Value, flag};

fn json(state: &str, history: &str, rest: &str) -> String {
    format!(
        r#"{{"ts":1588205199.82437,"uid":"C1","id.orig_h":"10.0.0.9","id.orig_p":50000,"id.resp_h":"10.0.0.5","id.resp_p":22,"proto":"tcp","conn_state":"{state}","history":"{history}","orig_pkts":1{rest}}}"#
    )
}

fn seen(line: &str) -> Vec<Observation> {
    one(Format::Zeek, line).seen
}

#[test]
fn states_tell_the_fate() {
    for (state, history, rest, outcome, handshake) in [
        ("S0", "S", "", Outcome::Unanswered, false),
        ("REJ", "Sr", ",\"resp_pkts\":1", Outcome::Refused, false),
        ("RSTO", "ShR", ",\"resp_pkts\":1", Outcome::Accepted, false),
        ("RSTO", "ShAR", ",\"resp_pkts\":1", Outcome::Accepted, true),
        ("SF", "ShADadfF", ",\"orig_bytes\":5,\"resp_bytes\":9", Outcome::Accepted, true),
        ("OTH", "C", "", Outcome::MidStream, false),
        ("OTH", "Dd", "", Outcome::MidStream, false),
        ("RSTR", "Fr", ",\"resp_pkts\":1", Outcome::Refused, false),
        ("OTH", "A", "", Outcome::Unanswered, false),
    ] {
        let seen = seen(&json(state, history, rest));
        let event = seen[0].event();
        assert_eq!((event.outcome, event.handshake_completed), (outcome, handshake), "{state} {history}");
        assert_eq!(seen.len(), if handshake { 2 } else { 1 }, "{state} {history}");
    }
}

#[test]
fn a_half_open_contact_is_reset_by_its_source() {
    let seen = seen(&json("RSTO", "ShR", ",\"resp_pkts\":1"));
    assert_eq!(seen[0].event().closing, Closing::ResetBySource);
}

#[test]
fn a_connection_has_its_end_too() {
    let seen = seen(&json("SF", "ShADadfF", ",\"duration\":2.5,\"orig_bytes\":5,\"resp_bytes\":9"));
    let (begin, end) = (seen[0].event(), seen[1].event());
    assert_eq!((begin.kind, end.kind), (EventKind::Attempt, EventKind::FlowEnd));
    assert_eq!((begin.time.0, end.time.since(begin.time)), (1_588_205_199_824_370, 2_500_000));
    assert_eq!((end.closing, end.sent.bytes, end.received.bytes), (Closing::Fin, 5, 9));
    assert_eq!(begin.decided, end.decided, "both are told when the line is written");
}

#[test]
fn answers_of_the_responder_alone_are_its_own() {
    let seen = seen(&json("RSTRH", "^hr", ",\"resp_pkts\":2"));
    let event = seen[0].event();
    assert_eq!((event.outcome, event.source_port), (Outcome::Unsolicited, 22));
    assert_eq!(event.first.tcp_flags, flag::SYN | flag::ACK);
}

#[test]
fn text_is_read_by_its_header() {
    let mut reader = reader(Format::Zeek);
    for comment in [
        "#separator \\x09",
        "#unset_field\t-",
        "#path\tconn",
        "#fields\tts\tuid\tid.orig_h\tid.orig_p\tid.resp_h\tid.resp_p\tproto\tconn_state\thistory\tlocal_orig",
    ] {
        assert!(reader.read(comment.as_bytes()).unwrap().is_none());
    }
    let line = "1588205199.5\tC2\t10.0.0.9\t40000\t10.0.0.5\t53\tudp\tS0\tD\tT";
    let record = reader.read(line.as_bytes()).unwrap().unwrap();
    assert_eq!((record.cell("dest_port"), record.cell("local_orig")), (Value::Int(53), Value::Bool(true)));
    assert_eq!((record.cell("app"), record.event().outcome), (Value::Null, Outcome::Unanswered));
    reader.read(b"#path\tnotice").unwrap();
    assert_eq!(
        reader.read(line.as_bytes()).unwrap_err().to_string(),
        "not a line of Zeek's conn.log: the #path line names another log"
    );
}

#[test]
fn renamed_fields_and_other_times_are_read() {
    let renamed = json("S0", "S", "")
        .replace("id.", "id_")
        .replace("1588205199.82437", "\"2020-04-30T00:06:39.82437Z\"");
    assert_eq!(one(Format::Zeek, &renamed).event().time.0, 1_588_205_199_824_370);
    let nested = r#"{"ts":1,"id":{"orig_h":"10.0.0.9","orig_p":8,"resp_h":"10.0.0.5","resp_p":0},"proto":"icmp","conn_state":"OTH","resp_pkts":1}"#;
    let record = one(Format::Zeek, nested);
    assert_eq!((record.event().outcome, record.cell("dest_port")), (Outcome::Accepted, Value::Null));
    assert_eq!(record.event().icmp.unwrap().kind, 8);
}

#[test]
fn what_is_wrong_is_said() {
    let wrong = |expected: &str| format!("not a line of Zeek's conn.log: {expected}");
    assert_eq!(error(Format::Zeek, "hello"), wrong("no JSON, and no #fields line before it"));
    assert_eq!(error(Format::Zeek, "{\"ts\":1"), wrong("no complete JSON object"));
    assert_eq!(error(Format::Zeek, "{}"), wrong("no id.orig_h and id.resp_h"));
    assert_eq!(
        error(Format::Zeek, &json("S0", "S", "").replace("10.0.0.5", "x")),
        "the destination address should be an IP address"
    );
    assert_eq!(
        error(Format::Zeek, &json("S0", "S", "").replace("1588205199.82437", "\"never\"")),
        "ts should be seconds since 1970, or ISO 8601"
    );
}
