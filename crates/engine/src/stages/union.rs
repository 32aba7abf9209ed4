//! `union`: the rows of another dataset or query behind these. Columns are matched by name; what one side
//! does not have is null.

use crate::error::QueryError;
use crate::plan::{Context, Rows, read};
use crate::source;
use vedette_xql::ast::{Source, UnionWith};

pub(super) fn apply(context: &Context, rows: Rows, with: &UnionWith) -> Result<Rows, QueryError> {
    let other = match with {
        UnionWith::Query(query) => read(context, query)?,
        UnionWith::Dataset(name) => source::read(context, &Source::Dataset(vec![name.clone()]), name.span)?,
    };
    source::append(vec![rows, other], None)
}
