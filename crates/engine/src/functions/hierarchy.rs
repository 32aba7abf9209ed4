//! `hierarchy_match`: does an asset stand at or below a place of the organisation? It reads the fields
//! `xdm.asset.hierarchy.path` (names from the root, between slashes) and `xdm.asset.hierarchy.id_path`.

use super::{Call, Function, to_texts};
use crate::error::QueryError;
use crate::expr::Typed;
use crate::kernel::{self, Columns, Simple};
use crate::types::Type;
use arrow::array::{Array, ArrayRef, AsArray, BooleanArray};
use arrow::datatypes::DataType;
use datafusion::scalar::ScalarValue;
use std::sync::Arc;
use vedette_xql::ast::Name;

pub(super) const FUNCTIONS: &[Function] = &[Function { name: "hierarchy_match", plan }];

const PATH: &str = "xdm.asset.hierarchy.path";
const ID: &str = "xdm.asset.hierarchy.id_path";

fn plan(call: &Call<'_>) -> Result<Typed, QueryError> {
    let truth = |yes| Typed::literal(ScalarValue::Boolean(Some(yes)), call.span);
    let first = if call.count() > 0 { Some(call.arg(0)?) } else { None };
    let given = first.filter(|arg| !arg.is_null_literal());
    let id = match &given {
        Some(arg) if call.count() > 1 && !matches!(arg.ty(), Type::List(_)) => {
            let message = "beside an id, the path is an array: arraycreate(\"Root\", \"Unit\")";
            return Err(call.bad(arg.span, message));
        }
        Some(arg) if !matches!(arg.ty(), Type::List(_)) => Some(call.text(0)?),
        _ if call.count() > 1 => Some(call.text(1)?),
        _ => None,
    };
    let mut made = truth(true);
    if let Some(path) = given.filter(|arg| matches!(arg.ty(), Type::List(_))) {
        let args = vec![field(call, PATH)?, to_texts(path)];
        made = kernel::call(&BELOW, args, call.span);
    }
    if let Some(id) = id {
        let same = kernel::call(&SAME, vec![field(call, ID)?, id.plain()], call.span);
        made = Typed::bool(made.expr.and(same.expr), call.span);
    }
    Ok(made)
}

fn field(call: &Call<'_>, name: &str) -> Result<Typed, QueryError> {
    let name = Name { name: name.into(), text: name.into(), span: call.span };
    let field = call.exprs.scope.field(&name)?;
    Ok(Typed::new(field.expr(), field.data.clone(), call.span).to(&Type::Str).plain())
}

/// Letters mind case, and nothing is a wildcard. An asset without a place is nowhere.
static BELOW: Simple = Simple {
    name: "hierarchy_below",
    returns: |_| DataType::Boolean,
    run: |args, rows| {
        let all = Columns::new(args, rows)?;
        let (paths, lists) = (all.columns[0].as_string::<i32>(), all.list(1)?);
        let row = |row: usize| {
            let names = lists.is_valid(row).then(|| lists.value(row));
            let names: Vec<String> = names
                .iter()
                .flat_map(|names| {
                    names.as_string::<i32>().iter().flatten().map(str::to_owned).collect::<Vec<_>>()
                })
                .collect();
            if names.is_empty() {
                return true; // no restriction
            }
            let place = names.join("/");
            paths.is_valid(row)
                && paths
                    .value(row)
                    .strip_prefix(place.as_str())
                    .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        };
        all.done(Arc::new((0..all.rows).map(|at| Some(row(at))).collect::<BooleanArray>()) as ArrayRef)
    },
};

static SAME: Simple = Simple {
    name: "hierarchy_id",
    returns: |_| DataType::Boolean,
    run: |args, rows| {
        let all = Columns::new(args, rows)?;
        let (ids, wanted) = (all.columns[0].as_string::<i32>(), all.columns[1].as_string::<i32>());
        let same =
            |row: usize| wanted.is_null(row) || ids.is_valid(row) && ids.value(row) == wanted.value(row);
        all.done(Arc::new((0..all.rows).map(|at| Some(same(at))).collect::<BooleanArray>()) as ArrayRef)
    },
};
