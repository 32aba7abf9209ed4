//! `target type = dataset|lookup name`: the rows of a query are kept under a name.

use crate::{Catalog, ErrorKind, QueryError, QueryResult};
use vedette_event::Time;
use vedette_xql::ast::{Fields, Query, StageKind, Target};
use vedette_xql::{Diagnostic, codes};

/// What the query stores its rows in; an error when it may not.
pub(crate) fn of(query: &Query, may_store: bool) -> Result<Option<&Target>, QueryError> {
    let Some(StageKind::Target(target)) = query.stages.last().map(|stage| &stage.kind) else {
        return Ok(None);
    };
    if may_store {
        return Ok(Some(target));
    }
    let message = "who runs this query may not store rows";
    let error = Diagnostic::error(codes::TARGET_NOT_ALLOWED, target.name.span, message);
    Err(error.with_help("leave out the stage `target`, or ask for the role analyst").into())
}

pub(crate) fn store(
    catalog: &dyn Catalog,
    target: &Target,
    query: &Query,
    result: &QueryResult,
    when: (Time, Option<&str>),
) -> Result<(), QueryError> {
    if result.limit_hit {
        let message = format!("there are more rows than can be stored at once ({})", result.row_count());
        let mut error = QueryError::from(Diagnostic::error(codes::BAD_TARGET, target.name.span, message));
        error.kind = ErrorKind::Resources;
        return Err(error);
    }
    if !target.lookup {
        return catalog.store(target, result, when);
    }
    // As in Cortex: a lookup has the system's fields only where `fields` names them.
    let named = |name: &str| query.stages.iter().any(|stage| names(&stage.kind, name));
    let system = ["_time", "_insert_time", "_id", "_vendor", "_product"];
    let dropped: Vec<&str> = system.into_iter().filter(|name| !named(name)).collect();
    let kept = result.without(&dropped).map_err(|error| QueryError::internal(error.to_string()))?;
    catalog.store(target, &kept, when)
}

fn names(stage: &StageKind, name: &str) -> bool {
    let StageKind::Fields(Fields::Keep(choices)) = stage else { return false };
    choices.iter().any(|choice| choice.alias.as_ref().unwrap_or(&choice.field).name == name)
}
