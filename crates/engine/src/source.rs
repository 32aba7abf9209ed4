//! The source of a query: datasets, read together when there are several, and its time frame.

use crate::error::{QueryError, all};
use crate::plan::{Context, Rows};
use crate::scope::{Companions, Field, OrderKey, Scope, column};
use crate::{datamodel, library, presets, search};

use crate::tables::TableError;
use crate::timeframe::bounds;
use crate::types::{Type, canonical, is_words, time_type};
use arrow::datatypes::{DataType, Schema};
use datafusion::catalog::TableProvider;
use datafusion::common::{Column, TableReference};
use datafusion::datasource::provider_as_source;
use datafusion::logical_expr::{Expr, LogicalPlan, LogicalPlanBuilder, cast, lit, try_cast};
use datafusion::scalar::ScalarValue;
use std::sync::Arc;
use vedette_lake::{is_hidden, v4_column, v6_column};
use vedette_xql::ast::{Name, Source, Span, Text};
use vedette_xql::{Diagnostic, codes, nearest};

/// A hidden column that numbers the rows of a small dataset in the order they came.
pub(crate) const ROW_NUMBER: &str = "__row";

/// One dataset the query reads.
pub(crate) struct Part {
    pub name: String,
    pub provider: Arc<dyn TableProvider>,
}

pub(crate) fn read(context: &Context, source: &Source, span: Span) -> Result<Rows, QueryError> {
    let rows = match source {
        Source::Default => {
            let place = Span { start: span.start, end: span.start };
            let rows = together(one(context, "xdr_data", "xdr_data", place)?)?;
            datamodel::with_elsewhere(context, rows, span)?
        }
        Source::Dataset(names) | Source::ColdDataset(names) => {
            let parts = parts(context, names)?;
            let events = parts.iter().any(|part| part.name == "xdr_data");
            let rows = together(parts)?;
            if events { datamodel::with_elsewhere(context, rows, span)? } else { rows }
        }
        Source::Preset(names) => datamodel::with_elsewhere(context, presets::read(context, names)?, span)?,
        Source::Datamodel(names) => return datamodel::read(context, names, span),
        Source::Search(search) => search::read(context, search, span)?,
        Source::Call(call) => return library::read(context, call),
        Source::File(path) => file(context, path)?,
    };
    within(context, rows)
}

/// A file of this machine.
fn file(context: &Context, path: &Text) -> Result<Rows, QueryError> {
    let wrong = |message: String| Diagnostic::error(codes::BAD_FILE, path.span, message);
    match context.catalog.file(&path.text, context.now) {
        Ok(Some(provider)) => scan(Part { name: "file".to_owned(), provider }),
        Ok(None) => Err(wrong("files are not read here".to_owned())
            .with_help("`vedette query` reads files of the machine it runs on")
            .into()),
        Err(error) if error.is_users() || matches!(error, TableError::Io { .. }) => {
            Err(wrong(error.to_string()).into())
        }
        Err(error) => Err(error.into()),
    }
}

/// The datasets that names stand for, each once.
pub(crate) fn parts(context: &Context, names: &[Name]) -> Result<Vec<Part>, QueryError> {
    let mut parts: Vec<Part> = Vec::new();
    for found in all(names.iter().map(|name| resolve(context, name)))? {
        for part in found {
            if !parts.iter().any(|earlier| earlier.name == part.name) {
                parts.push(part);
            }
        }
    }
    Ok(parts)
}

fn together(parts: Vec<Part>) -> Result<Rows, QueryError> {
    match <[Part; 1]>::try_from(parts) {
        Ok([part]) => scan(part),
        Err(parts) => union(parts),
    }
}

/// The datasets a name stands for; a name may end in `*`.
fn resolve(context: &Context, name: &Name) -> Result<Vec<Part>, QueryError> {
    if name.name.starts_with('$') {
        let text = context.parameter_text(name)?;
        return resolve(context, &Name { name: text.to_lowercase(), text, span: name.span });
    }
    let Some(prefix) = name.name.strip_suffix('*') else {
        return one(context, &name.name, &name.text, name.span);
    };
    let mut parts = Vec::new();
    for dataset in context.catalog.datasets() {
        if dataset.name.to_lowercase().starts_with(prefix)
            && let Some(provider) = context.catalog.provider(&dataset.name)?
        {
            parts.push(Part { name: dataset.name, provider });
        }
    }
    if parts.is_empty() {
        return Err(unknown(context, &name.text, name.span).into());
    }
    Ok(parts)
}

pub(crate) fn one(context: &Context, name: &str, text: &str, span: Span) -> Result<Vec<Part>, QueryError> {
    // Older names and presets stand for a built-in dataset.
    let known = vedette_event::datasets::by_name(name).map_or(name, |dataset| dataset.name);
    match context.catalog.provider(known)? {
        Some(provider) => Ok(vec![Part { name: known.to_owned(), provider }]),
        None => Err(unknown(context, text, span).into()),
    }
}

pub(crate) fn unknown(context: &Context, text: &str, span: Span) -> Diagnostic {
    let datasets = context.catalog.datasets();
    let names: Vec<&str> = datasets.iter().map(|dataset| dataset.name.as_str()).collect();
    let error = Diagnostic::error(codes::UNKNOWN_DATASET, span, format!("there is no dataset `{text}`"));
    match nearest(text, names.iter().copied()) {
        Some(near) => error.did_you_mean(near),
        None => error.with_help(format!("the datasets are {}", names.join(", "))),
    }
}

/// The columns a dataset has for the language, in their one form of each type.
pub(crate) fn scan(part: Part) -> Result<Rows, QueryError> {
    let schema = part.provider.schema();
    let dataset = part.name.to_lowercase();
    let table = TableReference::bare(part.name);
    let plan = LogicalPlanBuilder::scan(table.clone(), provider_as_source(part.provider), None)?.build()?;
    let mut columns = Vec::new();
    let mut fields = Vec::new();
    for stored in schema.fields() {
        let own = Expr::Column(Column::new(Some(table.clone()), stored.name()));
        if is_hidden(stored.name()) {
            columns.push(own.alias(stored.name()));
            continue;
        }
        let Some(data) = canonical(stored.data_type()) else { continue };
        let read = if data == *stored.data_type() { own } else { try_cast(own, data.clone()) };
        columns.push(read.alias(stored.name()));
        let mut field = Field::new(stored.name(), data);
        field.companions = companions(&schema, stored.name());
        fields.push(field);
    }
    let mut scope = Scope::new(fields);
    scope.ties = natural_order(&schema);
    scope.dataset = Some(dataset);
    Rows { plan, scope: scope.clone() }.project(columns, scope)
}

fn companions(schema: &Schema, field: &str) -> Option<Companions> {
    let pair = Companions { v4: v4_column(field), v6: v6_column(field) };
    let there = schema.column_with_name(&pair.v4).is_some() && schema.column_with_name(&pair.v6).is_some();
    there.then_some(pair)
}

/// What decides between rows that a `sort` holds equal: their place in a small dataset, their
/// time in others.
fn natural_order(schema: &Schema) -> Vec<OrderKey> {
    let by = [ROW_NUMBER, "_time"].into_iter().find(|name| schema.column_with_name(name).is_some());
    by.map(|name| OrderKey { column: name.to_owned(), descending: false }).into_iter().collect()
}

/// All rows of several datasets: columns are matched by name, missing ones are null, and
/// `_dataset` says where a row comes from.
pub(crate) fn union(parts: Vec<Part>) -> Result<Rows, QueryError> {
    let names: Vec<String> = parts.iter().map(|part| part.name.clone()).collect();
    let tables = all(parts.into_iter().map(scan))?;
    append(tables, Some(names))
}

/// All rows of several, with `_dataset` when the names of their datasets are given.
pub(crate) fn append(tables: Vec<Rows>, names: Option<Vec<String>>) -> Result<Rows, QueryError> {
    let mut fields: Vec<Field> = Vec::new();
    for field in tables.iter().flat_map(|table| &table.scope.fields) {
        match fields.iter_mut().find(|known| known.name == field.name) {
            None => fields.push(field.clone()),
            Some(known) => {
                known.data = meet(&known.data, &field.data);
                known.hidden &= field.hidden;
            }
        }
    }
    for field in &mut fields {
        // The numbers stand for the address only where every dataset with the field has them.
        let mut having = tables.iter().filter_map(|table| table.scope.find(&field.name));
        let all_have = having.all(|own| own.companions.is_some());
        // Named after the field: what was made of one address may have its numbers in several fields.
        let own = Companions { v4: v4_column(&field.column), v6: v6_column(&field.column) };
        field.companions = field.companions.take().filter(|_| all_have).map(|_| own);
    }
    if names.is_some() {
        let dataset = Field::new("_dataset", DataType::Utf8);
        fields.retain(|field| field.name != dataset.name);
        fields.push(dataset);
    }
    let mut scope = Scope::new(fields);
    let timed = tables.iter().all(|table| table.scope.find("_time").is_some());
    scope.ties =
        if timed { vec![OrderKey { column: "_time".into(), descending: false }] } else { Vec::new() };

    let mut inputs = Vec::with_capacity(tables.len());
    scope.counter = tables.iter().map(|table| table.scope.counter).max().unwrap_or(0);
    for (at, table) in tables.into_iter().enumerate() {
        let name = names.as_ref().and_then(|names| names.get(at));
        let columns = union_columns(&table.scope, &scope, name.map(String::as_str));
        let plan = LogicalPlanBuilder::from(table.plan).project(columns)?.build()?;
        inputs.push(Arc::new(plan));
    }
    let plan = match <[Arc<LogicalPlan>; 1]>::try_from(inputs) {
        Ok([only]) => Arc::unwrap_or_clone(only),
        Err(inputs) => LogicalPlan::Union(datafusion::logical_expr::Union::try_new_with_loose_types(inputs)?),
    };
    Ok(Rows { plan, scope })
}

/// The columns of one dataset in the shape of all.
fn union_columns(own: &Scope, whole: &Scope, dataset: Option<&str>) -> Vec<Expr> {
    let null = |data: &DataType| cast(lit(ScalarValue::Null), data.clone());
    let mut columns = Vec::new();
    for field in &whole.fields {
        let expr = match own.find(&field.name) {
            _ if field.name == "_dataset" && dataset.is_some() => lit(dataset.unwrap_or_default()),
            Some(here) if here.data == field.data => here.expr(),
            Some(here) => crate::expr::cast_to(here.expr(), &here.data, &field.data),
            None => null(&field.data),
        };
        columns.push(expr.alias(&field.column));
        if let Some(pair) = &field.companions {
            let here = own.find(&field.name).and_then(|here| here.companions.as_ref());
            let v4 = here.map_or(null(&DataType::Int64), |here| column(&here.v4));
            let v6 = here.map_or(null(&DataType::Binary), |here| column(&here.v6));
            columns.push(v4.alias(&pair.v4));
            columns.push(v6.alias(&pair.v6));
        }
    }
    columns
}

/// One form for a column that two datasets have in different ones.
fn meet(a: &DataType, b: &DataType) -> DataType {
    if a == b {
        return a.clone();
    }
    if is_words(a) && is_words(b) {
        return a.clone();
    }
    let types = (Type::of(a), Type::of(b));
    match types {
        (Some(a), Some(b)) => a.common(&b).unwrap_or(Type::Str).arrow(),
        _ => DataType::Utf8,
    }
}

/// Leaves the rows of the time frame.
pub(crate) fn within(context: &Context, rows: Rows) -> Result<Rows, QueryError> {
    let Some(frame) = &context.timeframe else { return Ok(rows) };
    if rows.scope.find("_time").is_none_or(|field| field.data != time_type()) {
        return Ok(rows);
    }
    let (from, to) = bounds(frame, context.now);
    let moment = |micros| lit(ScalarValue::TimestampMicrosecond(Some(micros), Some("UTC".into())));
    let time = column("_time");
    let condition = time.clone().gt_eq(moment(from)).and(time.lt_eq(moment(to)));
    let plan = LogicalPlanBuilder::from(rows.plan).filter(condition)?.build()?;
    Ok(Rows { plan, scope: rows.scope })
}
