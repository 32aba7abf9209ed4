//! `object_create` and `object_merge`.

use super::find::{compact, members};
use super::{Planned, write};
use crate::functions::Call;
use crate::functions::strings::{LONGEST, rowwise};
use crate::kernel::{self, Columns, Simple, texts};
use crate::output::{Cell, ColumnView};
use arrow::array::StringArray;
use arrow::datatypes::DataType;
use datafusion::common::exec_err;
use std::sync::Arc;
use vedette_xql::ast::{Expr, ExprKind, JsonTake};
use vedette_xql::functions::{Type, find};

/// Keys and values in turn. A key that is null makes the whole null.
pub(super) fn plan_create(call: &Call<'_>) -> Planned {
    if !call.count().is_multiple_of(2) {
        let last = call.syntax(call.count() - 1)?.span;
        return Err(call.bad(last, "object_create() takes keys and values in turn; this key has no value"));
    }
    let mut args = Vec::with_capacity(call.count());
    // Which values are JSON already, as a text of 0 and 1: part of what the kernel computes.
    let mut ready = String::new();
    for at in (0..call.count()).step_by(2) {
        args.push(call.text(at)?.plain());
        args.push(call.arg(at + 1)?.plain());
        ready.push(if gives_json(call.syntax(at + 1)?) { '1' } else { '0' });
    }
    args.push(call.literal(ready));
    Ok(kernel::call(&CREATE, args, call.span))
}

/// Does the expression give JSON, and not just a text?
fn gives_json(expr: &Expr) -> bool {
    match &expr.kind {
        ExprKind::Call { function, .. } => find(&function.name).is_some_and(|f| f.result == Type::Json),
        ExprKind::Arrow { path, .. } => matches!(path.take, JsonTake::Json | JsonTake::Query(_)),
        _ => false,
    }
}

static CREATE: Simple = Simple {
    name: "object_create",
    returns: |_| DataType::Utf8,
    run: |args, rows| {
        let Some((ready, args)) = args.split_last() else { return exec_err!("no arguments") };
        let ready = texts(ready)?;
        let ready = ready.get(0).unwrap_or_default().as_bytes();
        let all = Columns::new(args, rows)?;
        let views: Vec<ColumnView<'_>> = all.columns.iter().map(|c| ColumnView::of(c.as_ref())).collect();
        let made: StringArray = (0..all.rows).map(|row| object(&views, ready, row)).collect();
        all.done(Arc::new(made))
    },
};

fn object(views: &[ColumnView<'_>], ready: &[u8], row: usize) -> Option<String> {
    let mut out = vec![b'{'];
    for (at, pair) in views.chunks_exact(2).enumerate() {
        if at > 0 {
            out.push(b',');
        }
        let key @ Cell::Str(_) = pair[0].cell(row) else { return None };
        write::value(&mut out, key).ok()?;
        out.push(b':');
        match pair[1].cell(row) {
            Cell::Str(text) if ready.get(at) == Some(&b'1') => out.extend_from_slice(text.as_bytes()),
            cell => write::value(&mut out, cell).ok()?,
        }
        if out.len() > LONGEST {
            return None;
        }
    }
    out.push(b'}');
    String::from_utf8(out).ok()
}

/// All keys; of equal keys the last object's value. Null when one is no object.
pub(super) fn plan_merge(call: &Call<'_>) -> Planned {
    let args = crate::error::all((0..call.count()).map(|at| call.text(at)))?;
    Ok(kernel::call(&MERGE, args, call.span))
}

static MERGE: Simple = Simple {
    name: "object_merge",
    returns: |_| DataType::Utf8,
    run: |args, rows| rowwise(args, rows, merge),
};

fn merge(objects: &[Option<&str>]) -> Option<String> {
    let mut places = std::collections::HashMap::new();
    let mut merged: Vec<(String, &str)> = Vec::new();
    for object in objects {
        for (key, value) in members((*object)?)? {
            match places.get(&key) {
                Some(at) => merged[*at] = (key, value),
                None => {
                    places.insert(key.clone(), merged.len());
                    merged.push((key, value));
                }
            }
        }
    }
    let pair = |(key, value): (String, &str)| {
        Some(format!("{}:{}", serde_json::to_string(&key).ok()?, compact(value)))
    };
    let pairs: Option<Vec<String>> = merged.into_iter().map(pair).collect();
    Some(format!("{{{}}}", pairs?.join(",")))
}
