//! The stages: one file each, rows in and rows out.

mod alter;
mod comp;
mod dedup;
mod fields;
mod filter;
mod limit;
mod sort;

use crate::error::QueryError;
use crate::plan::{Context, Rows};
use vedette_xql::ast::{Stage, StageKind};

pub(crate) fn apply(context: &Context, rows: Rows, stage: &Stage) -> Result<Rows, QueryError> {
    match &stage.kind {
        StageKind::Alter(assignments) => alter::apply(context, rows, assignments),
        StageKind::Filter(condition) => filter::apply(context, rows, condition),
        StageKind::Comp(comp) => comp::apply(context, rows, comp),
        StageKind::Dedup { keys, order } => dedup::apply(rows, keys, order),
        StageKind::Fields(fields) => fields::apply(rows, fields),
        StageKind::Limit { count } => limit::apply(rows, *count),
        StageKind::Sort(keys) => sort::apply(rows, keys),
    }
}
