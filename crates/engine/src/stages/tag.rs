//! `tag add`: tags join those the row has in `_tag`.

use super::alter;
use super::sugar::Sugar;
use crate::error::QueryError;
use crate::plan::{Context, Rows};
use crate::types::Type;
use vedette_xql::ast::{Span, Text};

pub(super) fn apply(context: &Context, rows: Rows, tags: &[Text], span: Span) -> Result<Rows, QueryError> {
    let sugar = Sugar { span };
    let added = sugar.call("arraycreate", tags.iter().map(|tag| sugar.text(&tag.text)).collect());
    let value = match rows.scope.find("_tag").map(|field| field.ty()) {
        Some(Type::List(_)) => {
            let none = sugar.call("arraycreate", Vec::new());
            let old = sugar.call("coalesce", vec![sugar.field("_tag"), none]);
            sugar.call("arrayconcat", vec![old, added])
        }
        _ => added,
    };
    alter::apply(context, rows, &[sugar.set("_tag", value)])
}
