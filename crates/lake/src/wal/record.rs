//! The write-ahead log's file format, as pure functions over bytes: how records are framed, and
//! what can still be read from a file that was cut or damaged.
//!
//! A segment begins with a header of 32 bytes: `VEDETTEWAL`, format (u16), salt (8 bytes), number
//! of its first record (u64), CRC-32 of those 28. Records follow without gaps, each a header of 24
//! bytes (`VREC`, payload length u32, sequence u64, CRC-32 of the payload, CRC-32 of the salt and
//! the 20 bytes before) and its payload. Integers are little-endian. The rest of a segment is
//! zeros, because the space is claimed in advance.
//!
//! The salt is random: a log line that contains the bytes of a record cannot pass for one when the
//! reader looks for the next whole record after a damaged one.

use std::ops::Range;

pub(crate) const SEGMENT_HEADER: usize = 32;
pub(crate) const RECORD_HEADER: usize = 24;
/// Longest payload a record may have.
pub(crate) const MAX_PAYLOAD: usize = 64 << 20;

const SEGMENT_MAGIC: &[u8; 10] = b"VEDETTEWAL";
const RECORD_MAGIC: &[u8; 4] = b"VREC";
const FORMAT: u16 = 1;

pub(crate) type Salt = [u8; 8];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct SegmentHead {
    pub salt: Salt,
    pub first_sequence: u64,
}

impl SegmentHead {
    pub fn encode(&self) -> [u8; SEGMENT_HEADER] {
        let mut bytes = [0; SEGMENT_HEADER];
        bytes[..10].copy_from_slice(SEGMENT_MAGIC);
        bytes[10..12].copy_from_slice(&FORMAT.to_le_bytes());
        bytes[12..20].copy_from_slice(&self.salt);
        bytes[20..28].copy_from_slice(&self.first_sequence.to_le_bytes());
        let crc = crc32fast::hash(&bytes[..28]);
        bytes[28..].copy_from_slice(&crc.to_le_bytes());
        bytes
    }

    /// The header, or why there is none.
    pub fn decode(bytes: &[u8]) -> Result<SegmentHead, String> {
        let Some(head) = bytes.get(..SEGMENT_HEADER) else {
            return Err(format!("{} bytes are too few for a segment header", bytes.len()));
        };
        if &head[..10] != SEGMENT_MAGIC {
            return Err("it does not begin as a write-ahead log segment".to_owned());
        }
        if u32_at(head, 28) != crc32fast::hash(&head[..28]) {
            return Err("the checksum of its header does not match".to_owned());
        }
        let format = u16::from_le_bytes([head[10], head[11]]);
        if format != FORMAT {
            return Err(format!("it has log format {format}, this version reads {FORMAT}"));
        }
        let mut salt = [0; 8];
        salt.copy_from_slice(&head[12..20]);
        Ok(SegmentHead { salt, first_sequence: u64_at(head, 20) })
    }
}

/// Appends one framed record to `out`. The payload must not exceed [`MAX_PAYLOAD`].
pub(crate) fn append_record(out: &mut Vec<u8>, salt: &Salt, sequence: u64, payload: &[u8]) {
    let start = out.len();
    out.extend_from_slice(RECORD_MAGIC);
    out.extend_from_slice(&(payload.len() as u32).to_le_bytes());
    out.extend_from_slice(&sequence.to_le_bytes());
    out.extend_from_slice(&crc32fast::hash(payload).to_le_bytes());
    let crc = header_crc(salt, &out[start..]);
    out.extend_from_slice(&crc.to_le_bytes());
    out.extend_from_slice(payload);
}

#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Item<'a> {
    Record {
        sequence: u64,
        payload: &'a [u8],
    },
    /// Bytes that are no record, with whole records after them.
    Damaged(Range<usize>),
    /// Bytes that are no record, up to the end: the record that was being written when the process
    /// stopped, or damage to the last one.
    Tail(Range<usize>),
}

/// What a segment holds after its header.
pub(crate) fn scan<'a>(bytes: &'a [u8], salt: &Salt) -> Vec<Item<'a>> {
    let mut items = Vec::new();
    let mut at = SEGMENT_HEADER;
    while !bytes.get(at..).unwrap_or_default().is_empty() {
        if let Some((sequence, payload)) = record_at(bytes, at, Some(salt)) {
            at += RECORD_HEADER + payload.len();
            items.push(Item::Record { sequence, payload });
            continue;
        }
        match next_record(bytes, at + 1, salt) {
            Some(next) => {
                items.push(Item::Damaged(at..next));
                at = next;
            }
            None => {
                // Zeros are space that was never written.
                if let Some(last) = bytes[at..].iter().rposition(|byte| *byte != 0) {
                    items.push(Item::Tail(at..at + last + 1));
                }
                break;
            }
        }
    }
    items
}

/// What a segment holds whose own header, and so its salt, is lost: the records from the start up
/// to the first that is not whole. Nothing is looked for beyond it, because without the salt a
/// record planted in a payload could not be told from a real one.
pub(crate) fn scan_without_header(bytes: &[u8]) -> Vec<Item<'_>> {
    let mut items = Vec::new();
    let mut at = SEGMENT_HEADER;
    while let Some((sequence, payload)) = record_at(bytes, at, None) {
        at += RECORD_HEADER + payload.len();
        items.push(Item::Record { sequence, payload });
    }
    if let Some(last) = bytes.iter().skip(at).rposition(|byte| *byte != 0) {
        items.push(Item::Tail(at..at + last + 1));
    }
    items
}

/// The record that begins at `at`; without a salt the header's own checksum is not checked.
fn record_at<'a>(bytes: &'a [u8], at: usize, salt: Option<&Salt>) -> Option<(u64, &'a [u8])> {
    let head = bytes.get(at..at.checked_add(RECORD_HEADER)?)?;
    if &head[..4] != RECORD_MAGIC
        || salt.is_some_and(|salt| u32_at(head, 20) != header_crc(salt, &head[..20]))
    {
        return None;
    }
    let start = at + RECORD_HEADER;
    let payload = bytes.get(start..start.checked_add(u32_at(head, 4) as usize)?)?;
    (crc32fast::hash(payload) == u32_at(head, 16)).then(|| (u64_at(head, 8), payload))
}

/// Where the next whole record begins. A payload is summed only where the header's own checksum
/// holds, so this stays linear whatever the bytes are.
fn next_record(bytes: &[u8], from: usize, salt: &Salt) -> Option<usize> {
    let mut at = from;
    while let Some(rest) = bytes.get(at..) {
        let found = at + rest.windows(4).position(|window| window == RECORD_MAGIC)?;
        if record_at(bytes, found, Some(salt)).is_some() {
            return Some(found);
        }
        at = found + 1;
    }
    None
}

fn header_crc(salt: &Salt, head: &[u8]) -> u32 {
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(salt);
    hasher.update(head);
    hasher.finalize()
}

fn u32_at(bytes: &[u8], at: usize) -> u32 {
    let mut four = [0; 4];
    four.copy_from_slice(&bytes[at..at + 4]);
    u32::from_le_bytes(four)
}

fn u64_at(bytes: &[u8], at: usize) -> u64 {
    let mut eight = [0; 8];
    eight.copy_from_slice(&bytes[at..at + 8]);
    u64::from_le_bytes(eight)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic)]
    use super::*;

    const SALT: Salt = [7; 8];

    fn segment(payloads: &[&[u8]]) -> Vec<u8> {
        let mut bytes = SegmentHead { salt: SALT, first_sequence: 10 }.encode().to_vec();
        for (index, payload) in payloads.iter().enumerate() {
            append_record(&mut bytes, &SALT, 10 + index as u64, payload);
        }
        bytes
    }

    fn sequences(items: &[Item<'_>]) -> Vec<u64> {
        items
            .iter()
            .filter_map(|item| match item {
                Item::Record { sequence, .. } => Some(*sequence),
                _ => None,
            })
            .collect()
    }

    #[test]
    fn reads_what_was_written_and_stops_at_the_claimed_space() {
        let mut bytes = segment(&[b"one", b"", b"three"]);
        bytes.resize(bytes.len() + 1000, 0);
        assert_eq!(SegmentHead::decode(&bytes), Ok(SegmentHead { salt: SALT, first_sequence: 10 }));
        let items = scan(&bytes, &SALT);
        assert_eq!(sequences(&items), [10, 11, 12]);
        assert_eq!(items.len(), 3);
        assert_eq!(items[2], Item::Record { sequence: 12, payload: b"three" });
    }

    #[test]
    fn a_record_cut_at_any_byte_is_a_tail_and_those_before_it_are_whole() {
        let whole = segment(&[b"one", b"two two two"]);
        let last = segment(&[b"one"]).len();
        for cut in last..whole.len() {
            for zeros in [0, 500] {
                let mut bytes = whole[..cut].to_vec();
                bytes.resize(cut + zeros, 0);
                let items = scan(&bytes, &SALT);
                assert_eq!(sequences(&items), [10], "cut at {cut}");
                match items.get(1) {
                    None => assert_eq!(cut, last, "only a cut between records leaves nothing"),
                    Some(Item::Tail(range)) => assert_eq!(range.start, last),
                    Some(other) => panic!("{other:?}"),
                }
            }
        }
    }

    #[test]
    fn a_flipped_bit_costs_its_record_only() {
        let whole = segment(&[b"one", b"two", b"three"]);
        let second = segment(&[b"one"]).len()..segment(&[b"one", b"two"]).len();
        for position in second.clone() {
            let mut bytes = whole.clone();
            bytes[position] ^= 0x10;
            let items = scan(&bytes, &SALT);
            assert_eq!(sequences(&items), [10, 12], "flipped {position}");
            assert_eq!(items[1], Item::Damaged(second.clone()));
        }
    }

    #[test]
    fn a_header_that_lies_is_refused() {
        let good = SegmentHead { salt: SALT, first_sequence: 1 }.encode();
        for position in 0..SEGMENT_HEADER {
            let mut bytes = good;
            bytes[position] ^= 1;
            assert!(SegmentHead::decode(&bytes).is_err(), "flipped {position}");
        }
        assert!(SegmentHead::decode(&good[..31]).is_err());
    }

    #[test]
    fn a_record_planted_in_a_payload_does_not_pass_for_one() {
        // The attacker knows the format, and not the salt.
        let mut planted = Vec::new();
        append_record(&mut planted, &[0; 8], 99, b"never stored");
        let mut bytes = segment(&[b"one", &planted, b"three"]);
        let second = segment(&[b"one"]).len();
        bytes[second] ^= 1;
        assert_eq!(sequences(&scan(&bytes, &SALT)), [10, 12]);
    }

    #[test]
    fn a_lost_header_costs_nothing_that_is_whole() {
        let mut bytes = segment(&[b"one", b"two", b"three"]);
        bytes[..SEGMENT_HEADER].fill(0xff);
        bytes.resize(bytes.len() + 100, 0);
        assert_eq!(sequences(&scan_without_header(&bytes)), [10, 11, 12]);
        let third = segment(&[b"one", b"two"]).len();
        bytes[third + RECORD_HEADER] ^= 1;
        let items = scan_without_header(&bytes);
        assert_eq!(sequences(&items), [10, 11]);
        assert_eq!(items[2], Item::Tail(third..bytes.len() - 100));
        assert!(scan_without_header(&bytes[..20]).is_empty());
    }

    #[test]
    fn noise_ends_quickly_and_gives_nothing() {
        let mut bytes = segment(&[]);
        bytes.extend(RECORD_MAGIC.repeat(100_000));
        let items = scan(&bytes, &SALT);
        assert!(matches!(items[..], [Item::Tail(_)]));
    }
}
