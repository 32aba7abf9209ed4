//! Addresses and their ranges.

use super::{Call, Function};
use crate::error::QueryError;
use crate::expr::Typed;
use crate::kernel::{self, Kernel, Memo, Simple, map_text, texts};
use crate::scope::{Companions, column};
use crate::types::Type;
use arrow::array::{ArrayRef, BooleanArray};
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
        let message = format!("`{text}` is not an address range");
        let help = "write address/length, such as 10.0.0.0/8; several are separated by commas";
        return Err(Diagnostic::error(codes::BAD_CIDR, ranges.span, message).with_help(help).into());
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
