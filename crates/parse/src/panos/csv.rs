//! The CSV body of a PAN-OS log line: where it begins, and its columns.

/// The line from its first column on, whatever syslog header stands before it.
///
/// The body is recognised by what every PAN-OS log begins with: a number, a comma, a date and time.
pub(super) fn body(line: &str) -> Option<&str> {
    let line = line.trim_start_matches('\u{feff}');
    let bytes = line.as_bytes();
    bytes.iter().enumerate().filter(|(_, byte)| **byte == b',').find_map(|(comma, _)| {
        let digits = bytes[..comma].iter().rev().take_while(|byte| byte.is_ascii_digit()).count();
        let start = comma - digits;
        let begins_a_word = start == 0 || !bytes[start - 1].is_ascii_alphanumeric();
        (digits > 0 && begins_a_word && starts_with_time(&bytes[comma + 1..])).then(|| &line[start..])
    })
}

/// `2018/11/30 16:44:36` or `2018-11-30T16:44:36`: digits where digits belong.
fn starts_with_time(bytes: &[u8]) -> bool {
    let shape = b"dddd/dd/dd dd:dd:dd";
    bytes.len() >= shape.len()
        && shape.iter().zip(bytes).all(|(want, have)| match want {
            b'd' => have.is_ascii_digit(),
            b'/' => matches!(have, b'/' | b'-'),
            b' ' => matches!(have, b' ' | b'T'),
            other => have == other,
        })
}

/// Columns of one record: quoted ones may hold commas and doubled quotes; commas inside braces
/// (the link switches of SD-WAN) do not separate.
pub(super) fn split(body: &str) -> Vec<String> {
    let mut columns = Vec::with_capacity(128);
    let mut column = String::new();
    let (mut quoted, mut braces) = (false, 0u32);
    let mut letters = body.chars().peekable();
    while let Some(letter) = letters.next() {
        match letter {
            '"' if quoted && letters.peek() == Some(&'"') => {
                letters.next();
                column.push('"');
            }
            '"' if quoted => quoted = false,
            '"' if column.is_empty() => quoted = true,
            ',' if !quoted && braces == 0 => columns.push(std::mem::take(&mut column)),
            other => {
                if !quoted {
                    braces = match other {
                        '{' => braces + 1,
                        '}' => braces.saturating_sub(1),
                        _ => braces,
                    };
                }
                column.push(other);
            }
        }
    }
    columns.push(column);
    columns
}
