//! The stages: one file each, rows in and rows out.

mod alter;
mod arrayexpand;
mod bin;
mod comp;
mod dedup;
mod fields;
mod filter;
mod getrole;
mod iploc;
mod join;
mod limit;
mod macros;
mod replacenull;
mod sort;
mod sugar;
mod tag;
mod top;
mod transaction;
mod union;
mod view;
mod windowcomp;

use crate::error::QueryError;
use crate::plan::{Context, Rows};
use vedette_xql::ast::{Stage, StageKind};

pub(crate) fn apply(context: &Context, rows: Rows, stage: &Stage) -> Result<Rows, QueryError> {
    let span = stage.span;
    match &stage.kind {
        StageKind::Alter(assignments) => alter::apply(context, rows, assignments),
        StageKind::ArrayExpand { field, limit } => arrayexpand::apply(context, rows, field, *limit, span),
        StageKind::Bin { field, size } => bin::apply(rows, field, size),
        StageKind::Filter(condition) => filter::apply(context, rows, condition),
        StageKind::Comp(comp) => comp::apply(context, rows, comp),
        StageKind::Dedup { keys, order } => dedup::apply(rows, keys, order),
        StageKind::Fields(fields) => fields::apply(rows, fields),
        StageKind::GetRole { field, alias } => getrole::apply(context, rows, field, alias.as_ref(), span),
        StageKind::IpLoc(iploc) => iploc::apply(context, rows, iploc, span),
        StageKind::Join(join) => join::apply(context, rows, join),
        StageKind::Macro(call) => macros::apply(context, rows, call),
        StageKind::Limit(count) => limit::apply(context, rows, count),
        StageKind::ReplaceNull(values) => replacenull::apply(context, rows, values, span),
        StageKind::Sort(keys) => sort::apply(rows, keys),
        StageKind::Tag(tags) => tag::apply(context, rows, tags, span),
        // The rows are stored when they are there.
        StageKind::Target(_) => Ok(rows),
        StageKind::Top(top) => top::apply(context, rows, top, span),
        StageKind::Transaction(transaction) => transaction::apply(context, rows, transaction, span),
        StageKind::Union(with) => union::apply(context, rows, with),
        StageKind::View(view) => {
            view::apply(context, &rows, view);
            Ok(rows)
        }
        StageKind::WindowComp(calls) => windowcomp::apply(context, rows, calls),
    }
}
