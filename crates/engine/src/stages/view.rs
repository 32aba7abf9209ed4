//! `view`: changes no rows; what it says goes to the client beside them. A graph of fields that are not
//! there is worth a warning.

use crate::plan::{Context, Rows};
use vedette_xql::ast::View;
use vedette_xql::{Diagnostic, codes, nearest};

pub(super) fn apply(context: &Context, rows: &Rows, view: &View) {
    let named: Vec<(&str, vedette_xql::ast::Span)> = match view {
        View::Graph { parameters } => {
            let axes = parameters.iter().filter(|p| matches!(p.name.as_str(), "xaxis" | "yaxis" | "series"));
            axes.flat_map(|axis| &axis.values).map(|value| (value.text.as_str(), value.span)).collect()
        }
        View::Highlight { fields, .. } => {
            fields.iter().map(|field| (field.text.as_str(), field.span)).collect()
        }
        View::ColumnOrder { .. } => Vec::new(),
    };
    for (name, span) in named {
        if rows.scope.find(&name.to_lowercase()).is_some() {
            continue;
        }
        let message = format!("the view names `{name}`, and the result has no such column");
        let warning = Diagnostic::warning(codes::UNKNOWN_FIELD, span, message);
        let names = rows.scope.fields.iter().map(|field| field.column.as_str());
        context.warn(match nearest(name, names) {
            Some(near) => warning.did_you_mean(near),
            None => warning,
        });
    }
}
