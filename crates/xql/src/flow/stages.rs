//! What each stage does to the fields.

use super::{Fields, FlowField, Origin, fields_of, source, types};
use crate::ast::{
    Aggregate, Comp, Conflict, Expr, ExprKind, Fields as Choice, IpLoc, Join, Name, Span, StageKind, Top,
    Transaction, UnionWith,
};
use crate::catalog::Catalog;
use crate::stages::iploc;
use std::collections::HashMap;

pub(super) fn apply(fields: Fields, stage: &StageKind, span: Span, catalog: &Catalog) -> Fields {
    match stage {
        StageKind::Alter(sets) => {
            let made =
                sets.iter().map(|set| made(&set.target.text, types::of(&set.value, &fields), set.value.span));
            let made: Vec<FlowField> = made.collect();
            with(fields, made)
        }
        StageKind::ArrayExpand { field, .. } => element(fields, field, span),
        StageKind::Comp(comp) => grouped(&fields, comp, span),
        StageKind::Fields(Choice::Keep(choices)) => {
            let choices = choices.iter().map(|one| (&one.field, one.alias.as_ref()));
            kept(&fields, choices)
        }
        StageKind::Fields(Choice::Drop(names)) => dropped(fields, names),
        StageKind::GetRole { alias, .. } => {
            let name = alias.as_ref().map_or("asset_roles", |alias| alias.text.as_str());
            with(fields, vec![made(name, "array of strings", span)])
        }
        StageKind::IpLoc(places) => located(fields, places, span),
        // What the library's stages do is not looked up here.
        StageKind::Macro(_) => Fields { open: true, ..fields },
        StageKind::Join(join) => joined(fields, join, catalog),
        StageKind::Tag(_) => with(fields, vec![made("_tag", "array of strings", span)]),
        StageKind::Top(top) => ranked(&fields, top, span),
        StageKind::Transaction(wanted) => gathered(&fields, wanted, span),
        StageKind::Union(with) => appended(fields, with, catalog),
        StageKind::WindowComp(calls) => {
            let mut counts = HashMap::new();
            let made: Vec<FlowField> = calls
                .iter()
                .map(|call| {
                    let name = named(call.alias.as_ref(), &call.function.name, &mut counts);
                    made(&name, types::call(&call.function.name, &call.args, &fields), call.span)
                })
                .collect();
            with(fields, made)
        }
        StageKind::Bin { .. }
        | StageKind::Filter(_)
        | StageKind::Dedup { .. }
        | StageKind::Limit(_)
        | StageKind::Sort(_)
        | StageKind::ReplaceNull(_)
        | StageKind::Target(_)
        | StageKind::View(_) => fields,
    }
}

fn made(name: &str, ty: impl Into<String>, span: Span) -> FlowField {
    FlowField {
        name: name.to_owned(),
        ty: ty.into(),
        doc: String::new(),
        origin: Origin::Stage(span),
        hidden: false,
    }
}

fn with(mut fields: Fields, made: Vec<FlowField>) -> Fields {
    made.into_iter().for_each(|field| fields.set(field));
    fields
}

/// The alias, or `<function>_<n>`, counted for each function in order.
fn named<'q>(alias: Option<&Name>, function: &'q str, counts: &mut HashMap<&'q str, usize>) -> String {
    match alias {
        Some(alias) => alias.text.clone(),
        None => {
            let count = counts.entry(function).or_default();
            *count += 1;
            format!("{function}_{count}")
        }
    }
}

fn element(mut fields: Fields, field: &Name, span: Span) -> Fields {
    if let Some(known) = fields.find(&field.name) {
        let item = known.ty.strip_prefix("array of ").map_or("any", |items| items.trim_end_matches('s'));
        let item = made(&known.name, item, span);
        fields.set(item);
    }
    fields
}

fn grouped(fields: &Fields, comp: &Comp, span: Span) -> Fields {
    let mut left: Fields = comp.by.iter().filter_map(|key| key_field(fields, key, span)).collect();
    left.open = fields.open && comp.aggregates.iter().any(is_star);
    let mut counts = HashMap::new();
    for aggregate in &comp.aggregates {
        if is_star(aggregate) {
            of_every_field(fields, comp, aggregate).into_iter().for_each(|field| left.add(field));
            continue;
        }
        let name = named(aggregate.alias.as_ref(), &aggregate.function.name, &mut counts);
        let ty = types::call(&aggregate.function.name, &aggregate.args, fields);
        left.add(made(&name, ty, aggregate.span));
    }
    if let Some(raw) = &comp.raw {
        left.add(made(&raw.text, "array of strings", span));
    }
    left
}

/// A key, shown from here on; of rows with unknown fields it is taken as written.
fn key_field(fields: &Fields, key: &Name, span: Span) -> Option<FlowField> {
    match fields.find(&key.name) {
        Some(known) => Some(FlowField { hidden: false, ..known.clone() }),
        None if fields.allows(&key.name) => Some(made(&key.text, "any", span)),
        None => None,
    }
}

fn is_star(aggregate: &Aggregate) -> bool {
    aggregate.alias.as_ref().is_some_and(|alias| alias.name == "*")
}

/// `sum(*) as *`
fn of_every_field(fields: &Fields, comp: &Comp, star: &Aggregate) -> Vec<FlowField> {
    let function = star.function.name.as_str();
    let numeric = ["sum", "avg", "median", "stddev_population", "stddev_sample", "var"].contains(&function);
    let number = |ty: &str| matches!(ty, "integer" | "float" | "number" | "any");
    let keys: Vec<&str> = comp.by.iter().map(|key| key.name.as_str()).collect();
    let takes = fields
        .shown()
        .filter(|field| !keys.contains(&field.name.to_lowercase().as_str()))
        .filter(|field| !numeric || number(&field.ty));
    let result = |field: &FlowField| {
        let arg = Expr {
            kind: ExprKind::Field(Name {
                name: field.name.to_lowercase(),
                text: field.name.clone(),
                span: star.span,
            }),
            span: star.span,
        };
        made(&field.name, types::call(function, &[arg], fields), star.span)
    };
    takes.map(result).collect()
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

/// The fields that a name of `fields` stands for.
fn chosen(fields: &Fields, name: &Name) -> Vec<FlowField> {
    if !name.name.contains('*') && !name.name.starts_with("fieldset.") {
        let found = fields.find(&name.name).map(|field| FlowField { hidden: false, ..field.clone() });
        let unknown = || fields.allows(&name.name).then(|| made(&name.text, "any", name.span));
        return found.or_else(unknown).into_iter().collect();
    }
    let model = name.name.starts_with("fieldset.");
    let of = |field: &&FlowField| {
        let own = field.name.to_lowercase();
        if model { own.starts_with("xdm.") } else { fits(&name.name, &own) }
    };
    fields.shown().filter(of).cloned().collect()
}

fn kept<'q>(fields: &Fields, choices: impl Iterator<Item = (&'q Name, Option<&'q Name>)>) -> Fields {
    let mut left = Fields::default();
    let mut renamed: Vec<String> = Vec::new();
    for (name, alias) in choices {
        for mut field in chosen(fields, name) {
            if let Some(alias) = alias {
                renamed.push(std::mem::replace(&mut field.name, alias.text.clone()).to_lowercase());
            }
            left.add(field);
        }
        // Which fields an alias of the data model stands for is not the language's to know.
        left.open |= fields.open && name.name.contains('*') || name.name.starts_with("xdm_alias.");
    }
    let system = fields.iter().filter(|field| Fields::is_system(&field.name));
    for field in system.filter(|field| !renamed.contains(&field.name)) {
        left.add(field.clone());
    }
    left
}

fn dropped(fields: Fields, names: &[Name]) -> Fields {
    let gone: std::collections::HashSet<String> =
        names.iter().flat_map(|name| chosen(&fields, name)).map(|field| field.name.to_lowercase()).collect();
    let (open, model) = (fields.open, fields.model);
    let stays =
        |field: &FlowField| Fields::is_system(&field.name) || !gone.contains(&field.name.to_lowercase());
    let left: Fields = fields.list.into_iter().filter(stays).collect();
    Fields { open, model, ..left }
}

fn located(fields: Fields, places: &IpLoc, span: Span) -> Fields {
    let suffix = places.suffix.as_deref().unwrap_or("");
    let mut names: Vec<String> = Vec::new();
    for choice in &places.columns {
        names.push(match &choice.alias {
            Some(alias) => alias.text.clone(),
            None => format!("{}{suffix}", choice.field.name),
        });
    }
    if names.is_empty() {
        names.extend(iploc::COLUMNS.iter().map(|column| format!("{column}{suffix}")));
    }
    with(fields, names.iter().map(|name| made(name, "string", span)).collect())
}

fn joined(mut fields: Fields, join: &Join, catalog: &Catalog) -> Fields {
    let inner = fields_of(&join.query, catalog);
    fields.open |= inner.open;
    let mut number = 10;
    for field in inner.list.into_iter().filter(|field| !field.hidden) {
        let name = format!("{}.{}", join.alias.text, field.name);
        fields.add(FlowField { name, hidden: true, ..field.clone() });
        if fields.find(&field.name).is_none() {
            fields.add(field);
            continue;
        }
        match join.conflict {
            Conflict::Left => {}
            Conflict::Right => fields.set(field),
            Conflict::Both => {
                while fields.find(&format!("{}_joined_{number}", field.name)).is_some() {
                    number += 1;
                }
                fields.add(FlowField { name: format!("{}_joined_{number}", field.name), ..field });
                number += 1;
            }
        }
    }
    fields
}

fn ranked(fields: &Fields, top: &Top, span: Span) -> Fields {
    let keys = top.by.iter().chain([&top.field]).filter_map(|key| key_field(fields, key, span));
    let mut left: Fields = keys.collect();
    let figure = |name: &str| if name == "top_count" { "integer" } else { "float" };
    for choice in &top.figures {
        let name = choice.alias.as_ref().unwrap_or(&choice.field);
        left.add(made(&name.text, figure(&choice.field.name), span));
    }
    if top.figures.is_empty() {
        ["top_count", "top_percent"].iter().for_each(|name| left.add(made(name, figure(name), span)));
    }
    left
}

/// The keys, what is told about the transaction, and the other fields as JSON arrays.
fn gathered(fields: &Fields, wanted: &Transaction, span: Span) -> Fields {
    const MOST_FIELDS: usize = 50;
    let mut left: Fields = wanted.keys.iter().filter_map(|key| key_field(fields, key, span)).collect();
    left.open = fields.open;
    for (name, ty) in [
        ("_start_time", "timestamp"),
        ("_end_time", "timestamp"),
        ("_duration", "integer"),
        ("_num_of_rows", "integer"),
        ("_transaction_id", "string"),
    ] {
        left.add(made(name, ty, span));
    }
    let keys: Vec<&str> = wanted.keys.iter().map(|key| key.name.as_str()).collect();
    let others = fields
        .shown()
        .filter(|field| field.name != "_time" && !keys.contains(&field.name.to_lowercase().as_str()))
        .filter(|field| !field.ty.starts_with("array"));
    others.take(MOST_FIELDS).for_each(|field| left.add(made(&field.name, "string", span)));
    left
}

fn appended(mut fields: Fields, with: &UnionWith, catalog: &Catalog) -> Fields {
    let other = match with {
        UnionWith::Query(query) => fields_of(query, catalog),
        UnionWith::Dataset(name) => source(&crate::ast::Source::Dataset(vec![name.clone()]), catalog),
    };
    fields.open |= other.open;
    other.list.into_iter().for_each(|field| fields.add(field));
    fields
}
