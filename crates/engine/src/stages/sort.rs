//! `sort`: nulls first going up, last going down; rows with equal keys stay as they were.
//!
//! The stage only notes the order: rows are put into it where it shows.

use crate::error::{QueryError, all};
use crate::plan::Rows;
use crate::scope::{OrderKey, Scope};
use crate::types::Type;
use vedette_xql::ast::SortKey;
use vedette_xql::{Diagnostic, codes};

pub(super) fn apply(mut rows: Rows, keys: &[SortKey]) -> Result<Rows, QueryError> {
    let keys = order_keys(&rows.scope, keys)?;
    // What the rows were sorted by before decides between equals.
    let mut ties = std::mem::take(&mut rows.scope.order);
    ties.append(&mut rows.scope.ties);
    rows.scope.order = keys;
    rows.scope.ties = ties;
    Ok(rows)
}

pub(super) fn order_keys(scope: &Scope, keys: &[SortKey]) -> Result<Vec<OrderKey>, QueryError> {
    all(keys.iter().map(|key| {
        let field = scope.field(&key.field)?;
        if let Type::List(_) = field.ty() {
            let message = format!("`{}` is {}, which has no order", key.field.text, field.ty().a_name());
            let error = Diagnostic::error(codes::TYPE_MISMATCH, key.field.span, message);
            return Err(error.with_help("sort by array_length() or by one element").into());
        }
        Ok(OrderKey { column: field.column.clone(), descending: key.descending })
    }))
}
