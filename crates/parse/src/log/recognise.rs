//! Which format a syslog message is of, and where its line begins in it: senders of all kinds share one
//! port.
//!
//! A message is an envelope (priority, time, host, program) around what the product wrote. The readers
//! of PAN-OS and netfilter know envelopes, and need them for the time; JSON and the Windows firewall's
//! lines are taken out of theirs.

use super::Format;

/// The format of a message and the part of it that the format's reader takes; `None` for what no reader
/// of ours takes.
pub fn recognise(message: &[u8]) -> Option<(Format, &[u8])> {
    if has(message, b"SRC=") && has(message, b"DST=") && has(message, b"PROTO=") {
        return Some((Format::Netfilter, message));
    }
    if has(message, b",TRAFFIC,") || has(message, b",THREAT,") {
        return Some((Format::Panos, message));
    }
    if let Some(start) = find(message, b"{") {
        let json = &message[start..];
        if has(json, b"\"event_type\"") {
            return Some((Format::Suricata, json));
        }
        return has(json, b"\"id.orig_h\"").then_some((Format::Zeek, json));
    }
    let start = [&b" ALLOW "[..], b" DROP "].iter().find_map(|word| windows_line(message, word))?;
    Some((Format::Pfirewall, &message[start..]))
}

/// Where `2026-11-24 13:00:00` stands right before the word.
fn windows_line(message: &[u8], word: &[u8]) -> Option<usize> {
    const SHAPE: &[u8] = b"dddd-dd-dd dd:dd:dd";
    let start = find(message, word)?.checked_sub(SHAPE.len())?;
    let stamp = &message[start..start + SHAPE.len()];
    let fits = |(byte, shape): (&u8, &u8)| if *shape == b'd' { byte.is_ascii_digit() } else { byte == shape };
    stamp.iter().zip(SHAPE).all(fits).then_some(start)
}

fn has(text: &[u8], word: &[u8]) -> bool {
    find(text, word).is_some()
}

fn find(text: &[u8], word: &[u8]) -> Option<usize> {
    text.windows(word.len()).position(|window| window == word)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::log::testing::{NOW, reader};

    #[test]
    fn each_format_is_known_in_its_envelope_and_its_reader_takes_the_rest() {
        for (message, format) in [
            (
                "<4>Nov 24 11:59:58 fw kernel: [1.0] DROP IN=eth0 OUT= SRC=10.0.0.9 DST=10.0.0.5 LEN=44 TTL=50 ID=1 PROTO=TCP SPT=4 DPT=80 WINDOW=1024 RES=0x00 SYN URGP=0",
                Format::Netfilter,
            ),
            (
                r#"<13>1 2026-11-24T11:59:58Z ids suricata - - - {"timestamp":"2026-11-24T11:59:58.000000+0000","event_type":"flow","src_ip":"10.0.0.9","src_port":4,"dest_ip":"10.0.0.5","dest_port":80,"proto":"TCP","flow":{"state":"closed"}}"#,
                Format::Suricata,
            ),
            (
                r#"<13>Nov 24 11:59:58 ids zeek: {"ts":1795521598.0,"uid":"C1","id.orig_h":"10.0.0.9","id.orig_p":4,"id.resp_h":"10.0.0.5","id.resp_p":80,"proto":"tcp","conn_state":"REJ"}"#,
                Format::Zeek,
            ),
            (
                "<13>Nov 24 11:59:58 pc fw: 2026-11-24 11:59:58 DROP TCP 10.0.0.9 10.0.0.5 4 80 52 S 1 0 64240 - - - RECEIVE",
                Format::Pfirewall,
            ),
        ] {
            let (found, line) = recognise(message.as_bytes()).unwrap();
            assert_eq!(found, format, "{message}");
            let read = reader(format).read(line);
            assert!(matches!(read, Ok(Some(_))), "{read:?}: {message}");
        }
        let panos = b"<14>Nov 24 11:59:58 fw 1,2026/11/24 11:59:58,0123,TRAFFIC,end,";
        assert_eq!(recognise(panos), Some((Format::Panos, &panos[..])));
        let _ = NOW;
    }

    #[test]
    fn what_is_of_no_format_is_not_taken_for_one() {
        for other in [
            "",
            "<13>Nov 24 11:59:58 web sshd[1]: Failed password for root from 10.0.0.9",
            "{}",
            r#"{"message":"IN= and OUT="}"#,
            " DROP ",
            "2026-11-24 11:59 DROP TCP",
            "CEF:0|a|b|1|2|name|5|src=10.0.0.9",
            "SRC=10.0.0.9",
        ] {
            assert_eq!(recognise(other.as_bytes()), None, "{other}");
        }
    }
}
