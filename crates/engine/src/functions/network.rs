//! Addresses and their ranges.

use super::{Call, Function};
use crate::error::QueryError;
use crate::expr::Typed;
use crate::kernel::{self, Columns, Kernel, Memo, Simple, map_text, texts};
use crate::scope::{Companions, column};
use crate::types::Type;
use arrow::array::{ArrayRef, AsArray, BooleanArray, Int64Array, StringArray};
use arrow::datatypes::DataType;
use datafusion::common::Result;
use datafusion::logical_expr::{ColumnarValue, Expr, lit};
use datafusion::scalar::ScalarValue;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::{Arc, OnceLock};
use vedette_xql::ast::{self, Span};
use vedette_xql::{Diagnostic, codes};

pub(super) const FUNCTIONS: &[Function] = &[
    Function { name: "incidr", plan: |call| plan_incidr(call, false) },
    Function { name: "incidr6", plan: |call| plan_incidr(call, true) },
    Function { name: "incidrlist", plan: plan_incidrlist },
    Function { name: "ip_to_int", plan: plan_ip_to_int },
    Function { name: "safe_ip_to_int", plan: plan_ip_to_int },
    Function {
        name: "int_to_ip",
        plan: |call| Ok(kernel::call(&INT_TO_IP, vec![call.integer(0)?], call.span)),
    },
    Function { name: "is_ipv4", plan: |call| test(call, &IS_IPV4) },
    Function { name: "is_ipv6", plan: |call| test(call, &IS_IPV6) },
    Function { name: "is_known_private_ipv4", plan: |call| test(call, &IS_PRIVATE_IPV4) },
    Function { name: "is_known_private_ipv6", plan: |call| test(call, &IS_PRIVATE_IPV6) },
];

type Planned = std::result::Result<Typed, QueryError>;

fn plan_incidr(call: &Call<'_>, v6: bool) -> Planned {
    let _ = v6; // Both take ranges of both kinds; an address is only ever inside one of its own.
    in_ranges(call.exprs, call.syntax(0)?, call.syntax(1)?, call.span, call.truth)
}

fn test(call: &Call<'_>, kernel: &'static Simple) -> Planned {
    Ok(kernel::call(kernel, vec![call.text(0)?], call.span))
}

fn plan_ip_to_int(call: &Call<'_>) -> Planned {
    Ok(kernel::call(&IP_TO_INT, vec![call.text(0)?], call.span))
}

/// Are all addresses of a text, separated by commas, in the ranges?
fn plan_incidrlist(call: &Call<'_>) -> Planned {
    let ranges = call.text(1)?;
    if let Some(text) = ranges.text()
        && parse_ranges(text).is_none()
    {
        return Err(no_range(text, ranges.span));
    }
    Ok(kernel::call(&IN_CIDR_LIST, vec![call.text(0)?.plain(), ranges.plain()], call.span))
}

fn no_range(text: &str, span: Span) -> QueryError {
    let message = format!("`{text}` is not an address range");
    let help = "write address/length, such as 10.0.0.0/8; several are separated by commas";
    Diagnostic::error(codes::BAD_CIDR, span, message).with_help(help).into()
}

/// Is the address in one of the ranges? A text that is no address is in none; null gives null.
pub(crate) fn in_ranges(
    exprs: &crate::expr::Exprs<'_>,
    address: &ast::Expr,
    ranges: &ast::Expr,
    span: Span,
    truth: bool,
) -> Planned {
    let value = exprs.value(address)?;
    let ranges = exprs.value(ranges)?;
    for side in [&value, &ranges] {
        if !matches!(side.ty(), Type::Str | Type::Null) {
            let message = format!("incidr needs an address and a range, and this is {}", side.ty().a_name());
            return Err(Diagnostic::error(codes::TYPE_MISMATCH, side.span, message).into());
        }
    }
    let Some(text) = ranges.text() else {
        return Ok(kernel::call(&IN_RANGE, vec![value.to(&Type::Str), ranges.to(&Type::Str)], span));
    };
    let Some(parsed) = parse_ranges(text) else {
        return Err(no_range(text, ranges.span));
    };
    if let Some(pair) = exprs.companions(address) {
        return Ok(Typed::bool(number_test(pair, &value.expr, &parsed, truth), span));
    }
    Ok(kernel::call(InRanges::default(), vec![value.to(&Type::Str), ranges], span))
}

/// The test over the numbers that stand beside the address.
fn number_test(pair: &Companions, address: &Expr, ranges: &[Range], truth: bool) -> Expr {
    let tests = ranges.iter().map(|range| match range {
        Range::V4(first, last) => between(&pair.v4, v4_literal(*first), v4_literal(*last)),
        Range::V6(first, last) => between(&pair.v6, v6_literal(*first), v6_literal(*last)),
    });
    let inside = tests.reduce(Expr::or).unwrap_or_else(|| lit(false));
    if truth {
        return inside;
    }
    // No number: no address of that kind (false), or nothing at all (null).
    let known = inside.is_true();
    let null = lit(ScalarValue::Boolean(None));
    let case = datafusion::logical_expr::when(address.clone().is_null(), null).otherwise(known);
    // Building a CASE with one arm and one type cannot fail.
    case.unwrap_or_else(|_| lit(ScalarValue::Boolean(None)))
}

fn between(name: &str, first: Expr, last: Expr) -> Expr {
    if first == last {
        return column(name).eq(first);
    }
    column(name).gt_eq(first).and(column(name).lt_eq(last))
}

fn v4_literal(address: u32) -> Expr {
    lit(i64::from(address))
}

fn v6_literal(address: u128) -> Expr {
    lit(ScalarValue::Binary(Some(address.to_be_bytes().to_vec())))
}

/// First and last address of a range.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Range {
    V4(u32, u32),
    V6(u128, u128),
}

impl Range {
    fn parse(text: &str) -> Option<Range> {
        let (address, length) = match text.split_once('/') {
            Some((address, length)) => (address.trim(), Some(length.trim().parse::<u32>().ok()?)),
            None => (text, None),
        };
        match address.parse().ok()? {
            IpAddr::V4(address) => {
                let host = 32u32.checked_sub(length.unwrap_or(32))?;
                let mask = u32::MAX.checked_shl(host).unwrap_or(0);
                let first = u32::from(address) & mask;
                Some(Range::V4(first, first | !mask))
            }
            IpAddr::V6(address) => {
                let host = 128u32.checked_sub(length.unwrap_or(128))?;
                let mask = u128::MAX.checked_shl(host).unwrap_or(0);
                let first = u128::from(address) & mask;
                Some(Range::V6(first, first | !mask))
            }
        }
    }

    fn holds(self, address: IpAddr) -> bool {
        match (self, address) {
            (Range::V4(first, last), IpAddr::V4(address)) => (first..=last).contains(&u32::from(address)),
            (Range::V6(first, last), IpAddr::V6(address)) => (first..=last).contains(&u128::from(address)),
            _ => false,
        }
    }
}

/// `10.0.0.0/8, fc00::/7`; bits behind the prefix do not count.
pub(crate) fn parse_ranges(text: &str) -> Option<Vec<Range>> {
    text.split(',').map(|range| Range::parse(range.trim())).collect()
}

/// `incidr(address, "ranges")` over strings.
#[derive(Debug, Default)]
struct InRanges {
    ranges: OnceLock<Vec<Range>>,
    memo: Memo,
}

impl Kernel for InRanges {
    fn name(&self) -> &'static str {
        "incidr"
    }

    fn returns(&self, _: &[DataType]) -> DataType {
        DataType::Boolean
    }

    fn run(&self, args: &[ColumnarValue], _: usize) -> Result<ColumnarValue> {
        let text = texts(&args[1])?;
        let ranges = self.ranges.get_or_init(|| text.get(0).and_then(parse_ranges).unwrap_or_default());
        map_text(&args[0], Some(&self.memo), |texts| {
            Ok(truths(texts, |text| {
                text.trim().parse().is_ok_and(|address| ranges.iter().any(|range| range.holds(address)))
            }))
        })
    }
}

/// `incidr(address, range)` where the range is a column: one range, no list.
static IN_RANGE: Simple = Simple {
    name: "incidr_column",
    returns: |_| DataType::Boolean,
    run: |args, rows| {
        let (addresses, ranges) = (texts(&args[0])?, texts(&args[1])?);
        let tests: BooleanArray = (0..rows)
            .map(|row| {
                let (address, range) = (addresses.get(row)?, ranges.get(row)?);
                let range = Range::parse(range.trim());
                Some(
                    range
                        .zip(address.trim().parse().ok())
                        .is_some_and(|(range, address)| range.holds(address)),
                )
            })
            .collect();
        Ok(ColumnarValue::Array(Arc::new(tests)))
    },
};

/// A text with something else than addresses in it, or with none, is not inside.
static IN_CIDR_LIST: Simple = Simple {
    name: "incidrlist",
    returns: |_| DataType::Boolean,
    run: |args, rows| {
        let all = Columns::new(args, rows)?;
        let (lists, ranges) = (all.columns[0].as_string::<i32>(), all.columns[1].as_string::<i32>());
        let mut known: Option<(&str, Vec<Range>)> = None;
        let mut tests = Vec::with_capacity(all.rows);
        for (list, text) in lists.iter().zip(ranges) {
            let Some((list, text)) = list.zip(text) else {
                tests.push(None);
                continue;
            };
            if known.as_ref().is_none_or(|(before, _)| *before != text) {
                known = Some((text, parse_ranges(text).unwrap_or_default()));
            }
            let ranges = known.as_ref().map_or(&[][..], |(_, ranges)| ranges);
            let inside = |address: &str| {
                address.trim().parse().is_ok_and(|address| ranges.iter().any(|range| range.holds(address)))
            };
            tests.push(Some(list.split(',').all(inside)));
        }
        all.done(Arc::new(BooleanArray::from(tests)))
    },
};

/// 0 to 2^32 - 1; null for what is no IPv4 address.
static IP_TO_INT: Simple = Simple {
    name: "ip_to_int",
    returns: |_| DataType::Int64,
    run: |args, _| {
        map_text(&args[0], None, |texts| {
            let number = |text: &str| Some(i64::from(u32::from(text.trim().parse::<Ipv4Addr>().ok()?)));
            Ok(Arc::new(texts.iter().map(|text| text.and_then(number)).collect::<Int64Array>()) as ArrayRef)
        })
    },
};

/// Takes 32 bits with or without a sign; null for other numbers.
static INT_TO_IP: Simple = Simple {
    name: "int_to_ip",
    returns: |_| DataType::Utf8,
    run: |args, rows| {
        let all = Columns::new(args, rows)?;
        let address = |row| {
            let number = all.integer(0, row)?;
            let bits = match i32::try_from(number) {
                Ok(signed) => signed as u32,
                Err(_) => u32::try_from(number).ok()?,
            };
            Some(Ipv4Addr::from(bits).to_string())
        };
        all.done(Arc::new((0..all.rows).map(address).collect::<StringArray>()))
    },
};

fn truths(texts: &arrow::array::StringArray, test: impl Fn(&str) -> bool) -> ArrayRef {
    Arc::new(texts.iter().map(|text| text.map(&test)).collect::<BooleanArray>())
}

/// Tests of an address by itself; null is no address.
macro_rules! address_test {
    ($kernel:ident, $name:literal, $test:expr) => {
        static $kernel: Simple = Simple {
            name: $name,
            returns: |_| DataType::Boolean,
            run: |args, _| {
                map_text(&args[0], None, |texts| {
                    let test: fn(&str) -> bool = $test;
                    let tests: BooleanArray =
                        texts.iter().map(|text| Some(text.is_some_and(|text| test(text.trim())))).collect();
                    Ok(Arc::new(tests) as ArrayRef)
                })
            },
        };
    };
}

address_test!(IS_IPV4, "is_ipv4", |text| text.parse::<Ipv4Addr>().is_ok());
address_test!(IS_IPV6, "is_ipv6", |text| text.parse::<Ipv6Addr>().is_ok());
address_test!(IS_PRIVATE_IPV4, "is_known_private_ipv4", |text| text
    .parse::<Ipv4Addr>()
    .is_ok_and(|address| address.is_private()));
address_test!(IS_PRIVATE_IPV6, "is_known_private_ipv6", |text| text
    .parse::<Ipv6Addr>()
    .is_ok_and(|address| address.octets()[0] & 0xfe == 0xfc));

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_read() {
        assert_eq!(parse_ranges("10.0.0.0/8"), Some(vec![Range::V4(0x0a00_0000, 0x0aff_ffff)]));
        assert_eq!(parse_ranges("10.1.2.3/8"), Some(vec![Range::V4(0x0a00_0000, 0x0aff_ffff)]));
        assert_eq!(parse_ranges("0.0.0.0/0"), Some(vec![Range::V4(0, u32::MAX)]));
        assert_eq!(parse_ranges("1.2.3.4"), Some(vec![Range::V4(0x0102_0304, 0x0102_0304)]));
        assert_eq!(parse_ranges("::/0"), Some(vec![Range::V6(0, u128::MAX)]));
        assert_eq!(parse_ranges("10.0.0.0/8, 192.168.0.0/16").map(|ranges| ranges.len()), Some(2));
    }

    #[test]
    fn what_is_no_range_is_refused() {
        for text in ["", "10.0.0.0/33", "10.0.0/8", "10.0.0.0/8,", "::/129", "10.0.0.0/-1", "ten/8", "/8"] {
            assert_eq!(parse_ranges(text), None, "{text}");
        }
    }
}
