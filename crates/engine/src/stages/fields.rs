//! `fields`: which fields stay, in which order, under which names. System fields stay in any case
//! and come last unless they are named.

use crate::datamodel::FIELDSETS;
use crate::error::{QueryError, all};
use crate::plan::Rows;
use crate::scope::{Field, Scope};
use vedette_xql::ast::{FieldChoice, Fields, Name};
use vedette_xql::{Diagnostic, codes};

pub(super) fn apply(rows: Rows, fields: &Fields) -> Result<Rows, QueryError> {
    let chosen_all = matches!(fields, Fields::Drop(_));
    let kept = match fields {
        Fields::Keep(choices) => keep(&rows.scope, choices)?,
        Fields::Drop(names) => drop(&rows.scope, names)?,
    };
    let mut scope = rows.scope.clone();
    scope.fields.clear();
    let mut columns = Vec::new();
    for Kept { from, name } in kept {
        let mut field = from.clone();
        field.hidden &= chosen_all;
        if let Some(name) = name {
            field.name = name.to_lowercase();
            field.column = name;
        }
        columns.push(from.expr().alias(&field.column));
        scope.fields.push(field);
    }
    hide_renamed_keys(&rows.scope, &mut scope, &mut columns);
    scope.remember_gone(&rows.scope, "fields");
    rows.project(columns, scope)
}

/// A field that stays, and its new name if it gets one.
struct Kept<'a> {
    from: &'a Field,
    name: Option<String>,
}

fn keep<'a>(scope: &'a Scope, choices: &[FieldChoice]) -> Result<Vec<Kept<'a>>, QueryError> {
    let mut kept: Vec<Kept<'a>> = Vec::new();
    for found in all(choices.iter().map(|choice| Ok((choice, chosen(scope, &choice.field)?))))? {
        let (choice, fields) = found;
        for from in fields {
            let name = choice.alias.as_ref().map(|alias| alias.text.clone());
            let shown = name.as_ref().map_or(from.name.clone(), |name| name.to_lowercase());
            let clash = kept.iter().position(|other| other.shown() == shown);
            match clash {
                // The same field again, perhaps through a wildcard.
                Some(at) if kept[at].from.name == from.name => {}
                Some(_) => {
                    let name = choice.alias.as_ref().unwrap_or(&choice.field);
                    let message = format!("there would be two fields `{}`", name.text);
                    return Err(Diagnostic::error(codes::DUPLICATE_NAME, name.span, message).into());
                }
                None => kept.push(Kept { from, name }),
            }
        }
    }
    for from in scope.fields.iter().filter(|field| field.is_system()) {
        let there = kept.iter().any(|other| other.from.name == from.name || other.shown() == from.name);
        if !there {
            kept.push(Kept { from, name: None });
        }
    }
    Ok(kept)
}

impl Kept<'_> {
    fn shown(&self) -> String {
        self.name.as_ref().map_or_else(|| self.from.name.clone(), |name| name.to_lowercase())
    }
}

/// The fields of a name, which may hold `*` at either end.
fn chosen<'a>(scope: &'a Scope, name: &Name) -> Result<Vec<&'a Field>, QueryError> {
    if let Some(set) = name.name.strip_prefix("fieldset.") {
        return fieldset(scope, set, name);
    }
    if !name.name.contains('*') {
        return Ok(vec![scope.field(name)?]);
    }
    let found: Vec<&Field> =
        scope.fields.iter().filter(|field| !field.hidden && fits(&name.name, &field.name)).collect();
    if found.is_empty() {
        let message = format!("no field here fits `{}`", name.text);
        return Err(Diagnostic::error(codes::UNKNOWN_FIELD, name.span, message).into());
    }
    Ok(found)
}

/// The fields of a group of the data model that the rows have.
fn fieldset<'a>(scope: &'a Scope, set: &str, name: &Name) -> Result<Vec<&'a Field>, QueryError> {
    let Some((_, starts)) = FIELDSETS.iter().find(|(known, _)| *known == set) else {
        let known: Vec<&str> = FIELDSETS.iter().map(|(known, _)| *known).collect();
        let error = Diagnostic::error(codes::UNKNOWN_FIELD, name.span, format!("there is no {}", name.text));
        return Err(error.with_help(format!("the sets of fields are {}", known.join(", "))).into());
    };
    let fits = |field: &&Field| !field.hidden && starts.iter().any(|start| field.name.starts_with(start));
    Ok(scope.fields.iter().filter(fits).collect())
}

fn fits(pattern: &str, name: &str) -> bool {
    match (pattern.strip_prefix('*'), pattern.strip_suffix('*')) {
        (Some(""), _) => true,
        (Some(rest), Some(_)) => name.contains(rest.trim_end_matches('*')),
        (Some(end), None) => name.ends_with(end),
        (None, Some(start)) => name.starts_with(start),
        (None, None) => name == pattern,
    }
}

fn drop<'a>(scope: &'a Scope, names: &[Name]) -> Result<Vec<Kept<'a>>, QueryError> {
    let dropped = all(names.iter().map(|name| chosen(scope, name)))?;
    let dropped: Vec<&str> = dropped.iter().flatten().map(|field| field.name.as_str()).collect();
    let stays = |field: &&Field| field.is_system() || !dropped.contains(&field.name.as_str());
    Ok(scope.fields.iter().filter(stays).map(|from| Kept { from, name: None }).collect())
}

/// A sort key whose name now means another field, or whose column is gone under its old name,
/// lives on under a hidden name.
fn hide_renamed_keys(before: &Scope, scope: &mut Scope, columns: &mut Vec<datafusion::logical_expr::Expr>) {
    let keys: Vec<String> = before.order.iter().chain(&before.ties).map(|key| key.column.clone()).collect();
    for old in keys {
        let taken = scope.fields.iter().any(|field| {
            field.column == old && before.find(&field.name).is_none_or(|same| same.column != old)
        });
        let renamed_over = scope
            .fields
            .iter()
            .zip(columns.iter())
            .any(|(field, made)| field.column == old && *made != crate::scope::column(&old).alias(&old));
        if !taken && !renamed_over {
            continue;
        }
        let hidden = scope.hidden_name();
        columns.push(crate::scope::column(&old).alias(&hidden));
        for key in scope.order.iter_mut().chain(&mut scope.ties) {
            if key.column == old {
                key.column.clone_from(&hidden);
            }
        }
    }
}
