//! Syslog messages out of a stream of bytes (RFC 6587): each with its length before it, or each ended by
//! a line feed (or a zero byte). A message that begins with its length says so by its first letters, so
//! senders of both kinds are understood, message by message.

/// The digits of a length.
const DIGITS: usize = 7;

/// Cuts a stream into messages.
#[derive(Default)]
pub struct Framing {
    /// What came of the message that is not whole yet.
    held: Vec<u8>,
    /// Bytes of a message that is too long and still comes, to be passed over.
    skip: Skip,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Skip {
    #[default]
    Nothing,
    Bytes(usize),
    Line,
}

/// A message, whole or, where it is too long, its beginning.
#[derive(Debug, PartialEq, Eq)]
pub struct Message {
    pub bytes: Vec<u8>,
    pub cut: bool,
}

impl Framing {
    /// Takes the next piece, and hands on the messages that it completes. None is longer than `longest`.
    pub fn push(&mut self, piece: &[u8], longest: usize, each: &mut impl FnMut(Message)) {
        let mut piece = piece;
        match self.skip {
            Skip::Nothing => {}
            Skip::Bytes(left) => {
                let passed = left.min(piece.len());
                piece = &piece[passed..];
                self.skip = if left > passed { Skip::Bytes(left - passed) } else { Skip::Nothing };
            }
            Skip::Line => match piece.iter().position(is_end) {
                Some(end) => (piece, self.skip) = (&piece[end + 1..], Skip::Nothing),
                None => return,
            },
        }
        self.held.extend_from_slice(piece);
        let mut at = 0;
        while let Some(used) = self.next(at, longest, each) {
            at += used;
        }
        self.held.drain(..at.min(self.held.len()));
    }

    /// The stream ended: what is left is a message without an end.
    pub fn finish(&mut self, each: &mut impl FnMut(Message)) {
        let rest = std::mem::take(&mut self.held);
        if !rest.iter().all(u8::is_ascii_whitespace) && length(&rest).is_none() {
            each(Message { bytes: rest, cut: false });
        }
    }

    /// Hands on the message that begins `at`; how many bytes it took, `None` when it is not whole.
    fn next(&mut self, at: usize, longest: usize, each: &mut impl FnMut(Message)) -> Option<usize> {
        let rest = self.held.get(at..).filter(|rest| !rest.is_empty())?;
        if let Some((digits, len)) = length(rest) {
            let body = &rest[digits..];
            if len > longest && body.len() >= longest {
                let more = len - body.len().min(len);
                self.skip = if more > 0 { Skip::Bytes(more) } else { Skip::Nothing };
                each(Message { bytes: body[..longest].to_vec(), cut: true });
                return Some(digits + body.len().min(len));
            }
            let bytes = body.get(..len)?.to_vec();
            each(Message { bytes, cut: false });
            return Some(digits + len);
        }
        if may_be_length(rest) {
            return None;
        }
        match rest.iter().position(is_end) {
            Some(end) => {
                let line = rest[..end].strip_suffix(b"\r").unwrap_or(&rest[..end]);
                let cut = line.len() > longest;
                if !line.is_empty() {
                    each(Message { bytes: line[..line.len().min(longest)].to_vec(), cut });
                }
                Some(end + 1)
            }
            None if rest.len() > longest => {
                let used = rest.len();
                each(Message { bytes: rest[..longest].to_vec(), cut: true });
                self.skip = Skip::Line;
                Some(used)
            }
            None => None,
        }
    }
}

fn is_end(byte: &u8) -> bool {
    matches!(byte, b'\n' | 0)
}

/// `123 <`: how many bytes say it, and the length.
fn length(bytes: &[u8]) -> Option<(usize, usize)> {
    let digits = bytes.iter().take(DIGITS).take_while(|byte| byte.is_ascii_digit()).count();
    let fits =
        (1..=DIGITS).contains(&digits) && bytes[0] != b'0' && bytes.get(digits..digits + 2) == Some(b" <");
    let number = std::str::from_utf8(bytes.get(..digits)?).ok()?.parse().ok()?;
    fits.then_some((digits + 1, number))
}

/// Too short to tell whether a length stands there.
fn may_be_length(bytes: &[u8]) -> bool {
    let digits = bytes.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let rest = &bytes[digits..];
    (1..=DIGITS).contains(&digits) && bytes[0] != b'0' && (rest.is_empty() || rest == b" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cut(stream: &[u8], pieces: usize, longest: usize) -> Vec<(String, bool)> {
        let (mut framing, mut out) = (Framing::default(), Vec::new());
        let mut each = |message: Message| {
            out.push((String::from_utf8_lossy(&message.bytes).into_owned(), message.cut));
        };
        for piece in stream.chunks(pieces.max(1)) {
            framing.push(piece, longest, &mut each);
        }
        framing.finish(&mut each);
        out
    }

    #[test]
    fn both_kinds_of_framing_are_understood_however_the_stream_is_cut() {
        let stream = b"<1>one\n5 <2>tw\r\n<3>three\r\n\n\0<4>four\x00 8 <5>a\nb\n7 <6>five<7>six";
        let whole = cut(stream, stream.len(), 100);
        let texts: Vec<&str> = whole.iter().map(|(text, _)| text.as_str()).collect();
        assert_eq!(texts, ["<1>one", "<2>tw", "<3>three", "<4>four", " 8 <5>a", "b", "<6>five", "<7>six"]);
        for pieces in 1..stream.len() {
            assert_eq!(cut(stream, pieces, 100), whole, "{pieces}");
        }
    }

    #[test]
    fn a_line_that_begins_with_digits_is_a_line() {
        let stream = b"2026-11-24 DROP\n12 monkeys\n0 <x\n99999999999 <9\n";
        for pieces in [1, 3, 100] {
            let texts: Vec<String> = cut(stream, pieces, 100).into_iter().map(|(text, _)| text).collect();
            assert_eq!(texts, ["2026-11-24 DROP", "12 monkeys", "0 <x", "99999999999 <9"]);
        }
    }

    #[test]
    fn what_is_too_long_is_cut_and_the_next_is_whole() {
        let line = [b"<1>".to_vec(), vec![b'x'; 1_000], b"\n<2>next\n".to_vec()].concat();
        let counted = [b"1003 <1>".to_vec(), vec![b'x'; 1_000], b"7 <2>next".to_vec()].concat();
        for stream in [line, counted] {
            for pieces in [1, 7, 64, 5_000] {
                let found = cut(&stream, pieces, 50);
                assert_eq!(found.len(), 2, "{pieces} {found:?}");
                assert!(found[0].1 && found[0].0.len() == 50 && found[1] == ("<2>next".to_owned(), false));
            }
        }
    }

    #[test]
    fn nothing_is_held_beyond_the_longest() {
        let mut framing = Framing::default();
        for _ in 0..10_000 {
            framing.push(&[b'x'; 100], 500, &mut |_| ());
            assert!(framing.held.len() <= 600);
        }
    }
}
