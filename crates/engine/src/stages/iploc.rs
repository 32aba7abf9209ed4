//! `iploc`: where an address is in the world, looked up in the databases of places that the user has set.
//! Without one the columns are null, and the reply says so. Nothing is guessed.

use super::alter;
use crate::error::QueryError;
use crate::expr::Typed;
use crate::kernel::{self, Kernel, Memo, TextColumn, map_text};
use crate::places::{Atlas, PARTS, Part};
use crate::plan::{Context, Rows};
use crate::types::Type;
use arrow::array::{Array, ArrayRef, Int64Array};
use arrow::datatypes::DataType;
use datafusion::common::Result;
use datafusion::logical_expr::{ColumnarValue, lit};
use datafusion::scalar::ScalarValue;
use std::net::IpAddr;
use std::sync::Arc;
use vedette_xql::ast::{IpLoc, Span};
use vedette_xql::{Diagnostic, codes};

pub(super) fn apply(
    context: &Context,
    rows: Rows,
    iploc: &IpLoc,
    span: Span,
) -> std::result::Result<Rows, QueryError> {
    let field = rows.scope.field(&iploc.field)?;
    if !matches!(field.ty(), Type::Str | Type::Null) {
        let message = format!("iploc reads addresses, and `{}` is {}", iploc.field.text, field.ty().a_name());
        return Err(Diagnostic::error(codes::TYPE_MISMATCH, iploc.field.span, message).into());
    }
    let address = Typed::new(field.expr(), field.data.clone(), span);
    let atlas = atlas(context, span);
    let made = columns(iploc).into_iter().map(|(name, part)| {
        let value = match &atlas {
            Some(atlas) => kernel::call(Locate::new(part, atlas), vec![address.clone()], span),
            None => nothing(part, span),
        };
        alter::Made::new(name, value)
    });
    let made = made.collect();
    alter::set(rows, made)
}

/// The databases; what is wrong with them is told beside the rows.
fn atlas(context: &Context, span: Span) -> Option<Atlas> {
    let (atlas, troubles) = context.catalog.places().map(|places| places.current()).unzip();
    for trouble in troubles.into_iter().flatten() {
        let message = format!("a database of places is left out: {trouble}");
        context.warn(Diagnostic::warning(codes::NO_DATA, span, message));
    }
    let atlas = atlas.filter(|atlas: &Atlas| !atlas.is_empty());
    if atlas.is_none() {
        context.warn(
            Diagnostic::warning(codes::NO_DATA, span, "there is no database of places here").with_help(
                "the columns of iploc are null in every row; put a GeoLite2 or DB-IP .mmdb file into the \
                 folder `places` of the data folder, or name it with --places",
            ),
        );
    }
    atlas
}

/// The columns that are asked for: their names, and what is in them. Without a choice: all.
fn columns(iploc: &IpLoc) -> Vec<(String, Part)> {
    let suffix = iploc.suffix.as_deref().unwrap_or("");
    if iploc.columns.is_empty() {
        return PARTS.iter().map(|(name, part)| (format!("{name}{suffix}"), *part)).collect();
    }
    let chosen = iploc.columns.iter().filter_map(|choice| {
        let (name, part) = PARTS.iter().find(|(name, _)| *name == choice.field.name)?;
        let alias = choice.alias.as_ref().map(|alias| alias.text.clone());
        Some((alias.unwrap_or_else(|| format!("{name}{suffix}")), *part))
    });
    chosen.collect()
}

fn nothing(part: Part, span: Span) -> Typed {
    match part {
        Part::Asn => Typed::new(lit(ScalarValue::Int64(None)), DataType::Int64, span),
        _ => Typed::new(lit(ScalarValue::Utf8(None)), DataType::Utf8, span),
    }
}

/// One part of the place of an address.
#[derive(Debug)]
struct Locate {
    part: Part,
    atlas: Atlas,
    memo: Memo,
}

impl Locate {
    fn new(part: Part, atlas: &Atlas) -> Locate {
        Locate { part, atlas: atlas.clone(), memo: Memo::default() }
    }
}

impl Kernel for Locate {
    fn name(&self) -> &'static str {
        // Kernels of one name are taken for the same: each part has its own.
        PARTS.iter().find(|(_, part)| *part == self.part).map_or("iploc", |(name, _)| name)
    }

    fn returns(&self, args: &[DataType]) -> DataType {
        match self.part {
            Part::Asn => DataType::Int64,
            _ => crate::functions::like_first(args),
        }
    }

    fn run(&self, args: &[ColumnarValue], _rows: usize) -> Result<ColumnarValue> {
        let [address] = args else { return datafusion::common::exec_err!("iploc takes one address") };
        map_text(address, Some(&self.memo), |texts| {
            let addresses = texts.iter().map(|text| text?.trim().parse::<IpAddr>().ok());
            if self.part == Part::Asn {
                let numbers = addresses.map(|address| self.atlas.number(address?));
                return Ok(Arc::new(numbers.collect::<Int64Array>()) as ArrayRef);
            }
            let mut column = TextColumn::new(texts.len());
            for address in addresses {
                column.push(address.and_then(|address| self.atlas.text(self.part, address)))?;
            }
            Ok(column.finish())
        })
    }
}
