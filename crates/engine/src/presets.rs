//! Presets: names for a part of `xdr_data`, or for a dataset that has the preset's name.

use crate::error::{QueryError, all};
use crate::plan::{Context, Rows};
use crate::source::{append, one, scan, unknown};
use datafusion::logical_expr::{LogicalPlanBuilder, lit};
use vedette_xql::ast::Name;

/// Name, and the event type its rows have; none: every row.
const PRESETS: &[(&str, Option<&str>)] = &[
    ("network_story", None),
    ("xdr_network", None),
    ("xdr_process", Some("PROCESS")),
    ("xdr_file", Some("FILE")),
    ("xdr_registry", Some("REGISTRY")),
    ("xdr_image_load", Some("LOAD_IMAGE")),
    ("xdr_event_log", Some("EVENT_LOG")),
    ("xdr_rpc_call", Some("RPC_CALL")),
    ("xdr_injection", Some("INJECTION")),
];

/// The names of all presets.
pub(crate) fn names() -> impl Iterator<Item = &'static str> {
    PRESETS.iter().map(|(name, _)| *name)
}

pub(crate) fn read(context: &Context, names: &[Name]) -> Result<Rows, QueryError> {
    let mut tables = all(names.iter().map(|name| preset(context, name)))?;
    match tables.len() {
        1 => Ok(tables.remove(0)),
        _ => append(tables, Some(names.iter().map(|name| name.name.clone()).collect())),
    }
}

fn preset(context: &Context, name: &Name) -> Result<Rows, QueryError> {
    if context.catalog.provider(&name.name)?.is_some() {
        return whole(context, &name.name, name);
    }
    let Some((_, event_type)) = PRESETS.iter().find(|(known, _)| *known == name.name) else {
        return Err(unknown(context, &name.text, name.span).into());
    };
    let rows = whole(context, "xdr_data", name)?;
    let field = rows.scope.find("event_type").cloned();
    match (event_type, field) {
        (Some(event_type), Some(field)) => {
            let condition = field.expr().eq(lit(*event_type));
            let plan = LogicalPlanBuilder::from(rows.plan).filter(condition)?.build()?;
            Ok(Rows { plan, scope: rows.scope })
        }
        // Nothing here says what kind of event a row is: none is of this kind.
        (Some(_), None) => {
            let plan = LogicalPlanBuilder::from(rows.plan).filter(lit(false))?.build()?;
            Ok(Rows { plan, scope: rows.scope })
        }
        (None, _) => Ok(rows),
    }
}

fn whole(context: &Context, dataset: &str, name: &Name) -> Result<Rows, QueryError> {
    match one(context, dataset, &name.text, name.span)?.pop() {
        Some(part) => scan(part),
        None => Err(unknown(context, &name.text, name.span).into()),
    }
}
