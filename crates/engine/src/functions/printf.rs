//! `format_string`: the codes of printf.
//!
//! `%[flags][width][.precision]code`; flags `-` (left), `+`, blank, `0`, `#`, `'` (groups of
//! thousands); `*` takes a width or precision from the arguments. A null makes the whole null.

use super::convert::text_of;
use super::{Call, Function};
use crate::error::QueryError;
use crate::expr::Typed;
use crate::functions::strings::LONGEST;
use crate::kernel::{self, Columns, Simple, TextColumn};
use crate::output::{Cell, ColumnView};
use arrow::datatypes::DataType;

pub(super) const FUNCTIONS: &[Function] = &[Function { name: "format_string", plan }];

fn plan(call: &Call<'_>) -> Result<Typed, QueryError> {
    let format = call.text(0)?;
    if let Some(text) = format.text() {
        let items = parse(text).map_err(|why| call.bad(format.span, why))?;
        let wanted: usize = items.iter().map(Item::arguments).sum();
        let given = call.count() - 1;
        if wanted != given {
            let values = if wanted == 1 { "value" } else { "values" };
            return Err(call.bad(format.span, format!("this format takes {wanted} {values}, not {given}")));
        }
    }
    let mut args = vec![format.plain()];
    for at in 1..call.count() {
        args.push(call.arg(at)?.plain());
    }
    Ok(kernel::call(&FORMAT, args, call.span))
}

static FORMAT: Simple = Simple {
    name: "format_string",
    returns: |_| DataType::Utf8,
    run: |args, rows| {
        let all = Columns::new(args, rows)?;
        let views: Vec<ColumnView<'_>> = all.columns.iter().map(|c| ColumnView::of(c.as_ref())).collect();
        let Some((formats, values)) = views.split_first() else {
            return datafusion::common::exec_err!("no arguments");
        };
        let mut last: Option<(String, Option<Vec<Item>>)> = None;
        let mut row = |row| {
            let Cell::Str(format) = formats.cell(row) else { return None };
            if last.as_ref().is_none_or(|(known, _)| known != format) {
                last = Some((format.to_owned(), parse(format).ok()));
            }
            write(last.as_ref()?.1.as_ref()?, &mut values.iter().map(|view| view.cell(row)))
        };
        let mut made = TextColumn::new(all.rows);
        for at in 0..all.rows {
            made.push(row(at))?;
        }
        all.done(made.finish())
    },
};

#[derive(Clone, Debug, PartialEq)]
enum Item {
    Text(String),
    Code { flags: Flags, width: Size, precision: Size, code: char },
}

#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Flags {
    left: bool,
    plus: bool,
    blank: bool,
    zero: bool,
    alternate: bool,
    thousands: bool,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Size {
    None,
    Fixed(usize),
    Argument,
}

impl Item {
    fn arguments(&self) -> usize {
        match self {
            Item::Text(_) => 0,
            Item::Code { width, precision, .. } => {
                1 + usize::from(*width == Size::Argument) + usize::from(*precision == Size::Argument)
            }
        }
    }
}

/// Widest field.
const WIDEST: usize = 10_000;

const CODES: &str = "diuoxXfFeEgGstT";

fn parse(format: &str) -> Result<Vec<Item>, String> {
    let mut items = Vec::new();
    let mut chars = format.chars().peekable();
    let mut text = String::new();
    while let Some(next) = chars.next() {
        if next != '%' {
            text.push(next);
            continue;
        }
        if chars.next_if_eq(&'%').is_some() {
            text.push('%');
            continue;
        }
        if !text.is_empty() {
            items.push(Item::Text(std::mem::take(&mut text)));
        }
        let mut flags = Flags::default();
        while let Some(flag) = chars.next_if(|c| "-+ 0#'".contains(*c)) {
            match flag {
                '-' => flags.left = true,
                '+' => flags.plus = true,
                ' ' => flags.blank = true,
                '0' => flags.zero = true,
                '#' => flags.alternate = true,
                _ => flags.thousands = true,
            }
        }
        let width = size(&mut chars)?;
        let precision = match chars.next_if_eq(&'.') {
            Some(_) => match size(&mut chars)? {
                Size::None => Size::Fixed(0),
                size => size,
            },
            None => Size::None,
        };
        match chars.next() {
            Some(code) if CODES.contains(code) => items.push(Item::Code { flags, width, precision, code }),
            Some(code) => {
                return Err(format!("`%{code}` is no code of format_string(); a percent sign is `%%`"));
            }
            None => return Err("the format ends in an unfinished `%`; a percent sign is `%%`".to_owned()),
        }
    }
    if !text.is_empty() {
        items.push(Item::Text(text));
    }
    Ok(items)
}

fn size(chars: &mut std::iter::Peekable<std::str::Chars<'_>>) -> Result<Size, String> {
    if chars.next_if_eq(&'*').is_some() {
        return Ok(Size::Argument);
    }
    let mut digits = String::new();
    while let Some(digit) = chars.next_if(char::is_ascii_digit) {
        digits.push(digit);
    }
    if digits.is_empty() {
        return Ok(Size::None);
    }
    match digits.parse() {
        Ok(size) if size <= WIDEST => Ok(Size::Fixed(size)),
        _ => Err(format!("a field of a format is at most {WIDEST} wide")),
    }
}

fn write<'a>(items: &[Item], values: &mut impl Iterator<Item = Cell<'a>>) -> Option<String> {
    let mut out = String::new();
    for item in items {
        match item {
            Item::Text(text) => out.push_str(text),
            Item::Code { flags, width, precision, code } => {
                let mut flags = *flags;
                let mut width = resolve(*width, values)?;
                if width.is_some_and(|width| width < 0) {
                    flags.left = true;
                    width = width.map(i64::abs);
                }
                // A negative precision counts as none.
                let precision = resolve(*precision, values)?.and_then(|size| usize::try_from(size).ok());
                let body = body(*code, flags, precision, values.next()?)?;
                pad(&mut out, &body, flags, width.and_then(|width| usize::try_from(width).ok()).unwrap_or(0));
            }
        }
        if out.len() > LONGEST {
            return None;
        }
    }
    Some(out)
}

fn resolve<'a>(size: Size, values: &mut impl Iterator<Item = Cell<'a>>) -> Option<Option<i64>> {
    match size {
        Size::None => Some(None),
        Size::Fixed(size) => Some(i64::try_from(size).ok()),
        Size::Argument => {
            let size = integer(values.next()?)?;
            (size.unsigned_abs() <= WIDEST as u64).then_some(Some(size))
        }
    }
}

/// A field before it is made wide: its sign or prefix, and the rest.
struct Body {
    sign: String,
    rest: String,
    number: bool,
}

fn body(code: char, flags: Flags, precision: Option<usize>, value: Cell<'_>) -> Option<Body> {
    match code {
        'd' | 'i' | 'u' => {
            let number = integer(value)?;
            let digits = digits(number.unsigned_abs().to_string(), flags, precision);
            Some(Body { sign: sign(number < 0, flags), rest: digits, number: precision.is_none() })
        }
        'o' | 'x' | 'X' => {
            let number = integer(value)?;
            let absolute = number.unsigned_abs();
            let (prefix, text) = match code {
                'o' => ("0", format!("{absolute:o}")),
                'x' => ("0x", format!("{absolute:x}")),
                _ => ("0X", format!("{absolute:X}")),
            };
            let prefix = if flags.alternate { prefix } else { "" };
            let sign = sign(number < 0, flags) + prefix;
            Some(Body { sign, rest: digits(text, flags, precision), number: precision.is_none() })
        }
        'f' | 'F' | 'e' | 'E' | 'g' | 'G' => {
            let number = float(value)?;
            let text = float_text(code, number.abs(), precision.unwrap_or(6));
            let text = if flags.thousands { digits(text, flags, None) } else { text };
            let finite = number.is_finite();
            Some(Body { sign: sign(number.is_sign_negative(), flags), rest: text, number: finite })
        }
        _ => {
            let text = text_of(value)?;
            let text = match precision {
                Some(most) => text.chars().take(most).collect(),
                None => text,
            };
            Some(Body { sign: String::new(), rest: text, number: false })
        }
    }
}

fn sign(negative: bool, flags: Flags) -> String {
    let sign = match (negative, flags.plus, flags.blank) {
        (true, _, _) => "-",
        (_, true, _) => "+",
        (_, _, true) => " ",
        _ => "",
    };
    sign.to_owned()
}

/// At least as many digits as the precision asks for, in groups where that is wanted.
fn digits(text: String, flags: Flags, precision: Option<usize>) -> String {
    let missing = precision.unwrap_or(0).saturating_sub(text.len());
    let text = "0".repeat(missing) + &text;
    if !flags.thousands {
        return text;
    }
    let (whole, fraction) = text.split_at(text.find('.').unwrap_or(text.len()));
    let mut grouped = String::new();
    for (at, digit) in whole.chars().enumerate() {
        if at > 0 && (whole.len() - at).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped + fraction
}

fn float_text(code: char, number: f64, precision: usize) -> String {
    if !number.is_finite() {
        return if number.is_nan() { "nan".to_owned() } else { "inf".to_owned() };
    }
    match code {
        'f' | 'F' => format!("{number:.precision$}"),
        'e' => exponent(number, precision),
        'E' => exponent(number, precision).to_uppercase(),
        _ => {
            // The shorter of %e and %f for so many digits, without zeros at the end.
            let digits = precision.max(1);
            let scientific = exponent(number, digits - 1);
            let power: i64 =
                scientific.split_once('e').and_then(|(_, power)| power.parse().ok()).unwrap_or(0);
            let text = if power < -4 || power >= digits as i64 {
                let (mantissa, power) = scientific.split_once('e').unwrap_or((&scientific, "+00"));
                format!("{}e{power}", trimmed(mantissa))
            } else {
                let places = usize::try_from(digits as i64 - 1 - power).unwrap_or(0);
                trimmed(&format!("{number:.places$}")).to_owned()
            };
            if code == 'G' { text.to_uppercase() } else { text }
        }
    }
}

/// `1.500000e+03`
fn exponent(number: f64, precision: usize) -> String {
    let text = format!("{number:.precision$e}");
    let (mantissa, power) = text.split_once('e').unwrap_or((&text, "0"));
    let (sign, power) = power.strip_prefix('-').map_or(('+', power), |power| ('-', power));
    format!("{mantissa}e{sign}{power:0>2}")
}

fn trimmed(number: &str) -> &str {
    if number.contains('.') { number.trim_end_matches('0').trim_end_matches('.') } else { number }
}

fn pad(out: &mut String, body: &Body, flags: Flags, width: usize) {
    let length = body.sign.chars().count() + body.rest.chars().count();
    let missing = width.saturating_sub(length);
    let zeros = flags.zero && !flags.left && body.number;
    if !flags.left && !zeros {
        out.extend(std::iter::repeat_n(' ', missing));
    }
    out.push_str(&body.sign);
    if zeros {
        out.extend(std::iter::repeat_n('0', missing));
    }
    out.push_str(&body.rest);
    if flags.left {
        out.extend(std::iter::repeat_n(' ', missing));
    }
}

fn integer(value: Cell<'_>) -> Option<i64> {
    match value {
        Cell::Int(number) => Some(number),
        Cell::Bool(yes) => Some(i64::from(yes)),
        // Beyond what an integer holds the cast gives the nearest one, which nobody asked for.
        Cell::Float(number) if number.abs() < 9.2e18 => Some(number as i64),
        Cell::Str(text) => text.trim().parse().ok(),
        _ => None,
    }
}

fn float(value: Cell<'_>) -> Option<f64> {
    match value {
        Cell::Int(number) => Some(number as f64),
        Cell::Float(number) => Some(number),
        Cell::Str(text) => text.trim().parse().ok(),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(format: &str, value: Cell<'_>) -> String {
        let items = parse(format).unwrap_or_default();
        write(&items, &mut std::iter::once(value)).unwrap_or_else(|| "null".to_owned())
    }

    #[test]
    fn numbers_are_written_as_printf_does() {
        for (format, value, wanted) in [
            ("%d", Cell::Int(-5), "-5"),
            ("%5d|", Cell::Int(42), "   42|"),
            ("%-5d|", Cell::Int(42), "42   |"),
            ("%05d", Cell::Int(-42), "-0042"),
            ("%+d", Cell::Int(42), "+42"),
            ("% d", Cell::Int(42), " 42"),
            ("%.4d", Cell::Int(42), "0042"),
            ("%'d", Cell::Int(1_234_567), "1,234,567"),
            ("%x %%", Cell::Int(255), "ff %"),
            ("%#X", Cell::Int(255), "0XFF"),
            ("%o", Cell::Int(8), "10"),
            ("%f", Cell::Float(1.5), "1.500000"),
            ("%8.2f|", Cell::Float(-1.255), "   -1.25|"),
            ("%e", Cell::Float(12_345.678), "1.234568e+04"),
            ("%g", Cell::Float(0.0001), "0.0001"),
            ("%g", Cell::Float(1e10), "1e+10"),
            ("%G", Cell::Float(1e-7), "1E-07"),
            ("%f", Cell::Int(3), "3.000000"),
            ("%d", Cell::Str(" 7 "), "7"),
            ("%d", Cell::Str("seven"), "null"),
            ("%05f", Cell::Float(f64::INFINITY), "  inf"),
            ("%d", Cell::Int(i64::MIN), "-9223372036854775808"),
        ] {
            assert_eq!(shown(format, value), wanted, "{format}");
        }
    }

    #[test]
    fn texts_are_cut_and_padded_by_characters() {
        assert_eq!(shown("%5s|", Cell::Str("äö")), "   äö|");
        assert_eq!(shown("%-5s|", Cell::Str("ab")), "ab   |");
        assert_eq!(shown("%.3s", Cell::Str("äöüß")), "äöü");
        assert_eq!(shown("%s", Cell::Int(7)), "7");
        assert_eq!(shown("%s", Cell::Null), "null");
    }

    #[test]
    fn widths_come_from_arguments() {
        let items = parse("%*d|%-.*f").unwrap_or_default();
        let values = [Cell::Int(-4), Cell::Int(7), Cell::Int(1), Cell::Float(0.25)];
        assert_eq!(write(&items, &mut values.into_iter()).as_deref(), Some("7   |0.2"));
        let values = [Cell::Int(1 << 40), Cell::Int(7)];
        assert_eq!(write(&items[..1], &mut values.into_iter()), None);
    }

    #[test]
    fn bad_formats_say_so() {
        for format in ["%", "%y", "%99999999999d", "%5", "%.%"] {
            assert!(parse(format).is_err(), "{format}");
        }
    }
}
