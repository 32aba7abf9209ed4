//! `datamodel`: datasets through the fields of one data model (`xdm.*`).
//!
//! Which field of a dataset is which of the model is said by modelling rules, text files in `models/`
//! with sections `[MODEL: dataset="…"]` of filter and alter stages. Fields that no rule makes are null.
//! The dataset's own fields go by `dataset.field`.

use crate::error::{ErrorKind, QueryError};
use crate::expr::Typed;
use crate::plan::{Context, Rows};
use crate::rules::{self, Pipeline, RuleSet};
use crate::scope::Field;
use crate::source::{Part, append, parts, scan, within};
use crate::stages;
use datafusion::logical_expr::{Expr, lit};
use datafusion::scalar::ScalarValue;
use std::borrow::Cow;
use std::collections::BTreeSet;
use std::sync::OnceLock;
use vedette_event::datasets::xdr_data;
use vedette_xql::ast::{self, ExprKind, Name, Query, Span, Stage, StageKind, UnionWith};
use vedette_xql::rules::{Section, Step, parse_rules};
use vedette_xql::{Diagnostic, codes};

/// The rules that come with Vedette.
const RULES: [&str; 3] = [
    include_str!("../models/panw_ngfw.xif"),
    include_str!("../models/xdr_data.xif"),
    include_str!("../models/logs.xif"),
];

/// The rules of one dataset.
struct Model {
    dataset: String,
    stages: Vec<Stage>,
    /// Fields of the dataset that the stages read.
    fields: BTreeSet<String>,
}

fn models() -> &'static [Model] {
    static MODELS: OnceLock<Vec<Model>> = OnceLock::new();
    let sections = |text: &&str| parse_rules(text).sections;
    MODELS.get_or_init(|| RULES.iter().flat_map(sections).filter_map(model).collect())
}

fn model(section: Section) -> Option<Model> {
    let dataset = section.setting("dataset")?.text.to_lowercase();
    let steps = section.statements.into_iter().flat_map(|statement| statement.steps);
    let stages: Vec<Stage> = steps
        .filter_map(|step| match step {
            Step::Stage(stage) => Some(stage),
            Step::Call(_) | Step::Drop(_) => None,
        })
        .collect();
    let fields = fields_read(&stages);
    Some(Model { dataset, stages, fields })
}

/// Fields of a dataset that stages of a rule read, or may.
pub(crate) fn fields_read(stages: &[Stage]) -> BTreeSet<String> {
    let mut fields = BTreeSet::new();
    if let Ok(tree) = serde_json::to_value(stages) {
        collect(&tree, &mut |holder, name| {
            if holder == "Field" && !name.starts_with("xdm.") {
                fields.insert(name.to_owned());
            }
        });
    }
    fields
}

pub(crate) fn read(context: &Context, names: &[Name], span: Span) -> Result<Rows, QueryError> {
    let parts = if names.is_empty() { mapped(context)? } else { parts(context, names)? };
    if parts.is_empty() {
        let message = "no dataset here has modelling rules";
        let error = Diagnostic::error(codes::UNKNOWN_DATASET, span, message);
        return Err(error.with_help("name one: datamodel dataset = name").into());
    }
    let named = parts.iter().map(|part| part.name.clone()).collect::<Vec<_>>();
    let mut tables = crate::error::all(parts.into_iter().map(|part| modelled(context, part)))?;
    let rows = match tables.len() {
        1 => tables.remove(0),
        _ => append(tables, Some(named))?,
    };
    with_unmapped(context, rows)
}

/// The fields of the model that the rules make of a dataset, in their order.
pub(crate) fn fields_of(dataset: &str, rules: Option<&RuleSet>) -> Vec<String> {
    let built_in = models().iter().filter(|model| model.dataset == dataset).flat_map(|model| &model.stages);
    let stages = rules.into_iter().flat_map(|rules| rules.model_stages(dataset)).chain(built_in);
    let sets = stages.flat_map(|stage| match &stage.kind {
        StageKind::Alter(assignments) => assignments.as_slice(),
        _ => &[],
    });
    let mut names: Vec<String> = Vec::new();
    for set in sets.filter(|set| set.target.name.starts_with("xdm.")) {
        if !names.contains(&set.target.name) {
            names.push(set.target.name.clone());
        }
    }
    names
}

/// The names behind `XDM_ALIAS.`.
pub(crate) fn alias_names() -> impl Iterator<Item = &'static str> {
    ALIASES.iter().map(|(name, _)| *name)
}

/// Every dataset that has rules.
fn mapped(context: &Context) -> Result<Vec<Part>, QueryError> {
    let mut parts = Vec::new();
    let rules = context.catalog.rules();
    let own = rules.iter().flat_map(|rules| rules.modelled());
    let names: BTreeSet<&str> = models().iter().map(|model| model.dataset.as_str()).chain(own).collect();
    for name in names {
        if let Some(provider) = context.catalog.provider(name)? {
            parts.push(Part { name: name.to_owned(), provider });
        }
    }
    Ok(parts)
}

fn modelled(context: &Context, part: Part) -> Result<Rows, QueryError> {
    let dataset = part.name.to_lowercase();
    if let Some(rules) = context.catalog.rules()
        && let Some(section) = rules.model(&dataset)
    {
        return renamed(&dataset, by_users(context, &part, section)?);
    }
    let mut rows = within(context, scan(part)?)?;
    if let Some(model) = models().iter().find(|model| model.dataset == dataset) {
        // A dataset that was stored before a field was known does not have it.
        rows = with_fields(rows, &model.fields)?;
        for stage in &model.stages {
            rows = stages::apply(context, rows, stage)
                .map_err(|why| QueryError::internal(format!("the model of {dataset}: {}", why.message)))?;
        }
    }
    renamed(&dataset, rows)
}

/// Through the rules of a user: a row may go through several statements.
fn by_users(context: &Context, part: &Part, section: &rules::Section) -> Result<Rows, QueryError> {
    let through = |pipeline: &Pipeline| {
        let rows = scan(Part { name: part.name.clone(), provider: part.provider.clone() })?;
        pipeline.apply(context, within(context, rows)?).map_err(|why| {
            let message = format!("the model of `{}` (file `{}`): {}", part.name, section.file, why.message);
            QueryError::new(ErrorKind::Query, message)
        })
    };
    let mut tables = crate::error::all(section.pipelines.iter().map(through))?;
    match tables.len() {
        0 => within(context, scan(Part { name: part.name.clone(), provider: part.provider.clone() })?),
        1 => Ok(tables.remove(0)),
        _ => append(tables, None),
    }
}

/// The dataset's own fields as `dataset.field`, behind those of the model.
fn renamed(dataset: &str, rows: Rows) -> Result<Rows, QueryError> {
    let mut scope = rows.scope.clone();
    let mut columns: Vec<Expr> = Vec::new();
    for field in &mut scope.fields {
        let own = field.expr();
        if !field.name.starts_with("xdm.") && !field.is_system() {
            field.hidden = true;
            field.column = format!("{dataset}.{}", field.column);
            field.name = field.column.to_lowercase();
        }
        columns.push(own.alias(&field.column));
    }
    // The model first, then what every dataset has.
    scope.fields.sort_by_key(|field| !field.name.starts_with("xdm."));
    rows.project(columns, scope)
}

/// The fields of the model that the query names and no rule makes.
fn with_unmapped(context: &Context, rows: Rows) -> Result<Rows, QueryError> {
    let names = context.mentioned.iter().filter(|name| name.starts_with("xdm."));
    with_fields(rows, &names.cloned().collect())
}

/// The fields of Cortex's `xdr_data` that the query names and nobody fills here: null in every row,
/// which the reader is told.
pub(crate) fn with_elsewhere(context: &Context, rows: Rows, source: Span) -> Result<Rows, QueryError> {
    let missing = |name: &&String| !name.starts_with("xdm.") && rows.scope.find(name).is_none();
    let names: BTreeSet<String> = context.mentioned.iter().filter(missing).cloned().collect();
    if !names.is_empty() {
        let list = names.iter().map(String::as_str).collect::<Vec<_>>().join(", ");
        let message = format!("nothing fills {list} in xdr_data here: null in every row");
        let warning = Diagnostic::warning(codes::UNKNOWN_FIELD, source, message);
        context.warn(warning.with_help("Cortex has these fields, from its own agents"));
    }
    with_fields(rows, &names)
}

/// The rows with null for each of the fields that they do not have.
pub(crate) fn with_fields(rows: Rows, names: &BTreeSet<String>) -> Result<Rows, QueryError> {
    let missing = names.iter().filter(|name| rows.scope.find(name).is_none());
    let null = || Typed::literal(ScalarValue::Utf8(None), Span::default());
    let made: Vec<(Field, Expr)> = missing
        .map(|name| {
            let mut field = Field::new(name, null().data);
            field.hidden = true;
            (field, lit(ScalarValue::Utf8(None)).alias(name))
        })
        .collect();
    if made.is_empty() {
        return Ok(rows);
    }
    let mut scope = rows.scope.clone();
    let mut columns: Vec<Expr> = scope.fields.iter().map(Field::expr).collect();
    for (field, column) in made {
        scope.fields.push(field);
        columns.push(column);
    }
    rows.project(columns, scope)
}

/// Names of the data model, and of fields that only Cortex has, anywhere in a query.
pub(crate) fn mentioned(query: &Query) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    if let Ok(tree) = serde_json::to_value(query) {
        collect(&tree, &mut |_, name| {
            let elsewhere = xdr_data::ELSEWHERE.contains(&name);
            if elsewhere || (name.starts_with("xdm.") && !name.contains('*')) {
                names.insert(name.to_owned());
            }
        });
    }
    names
}

/// Shows every name in a tree, and what kind of node holds it.
fn collect(tree: &serde_json::Value, see: &mut impl FnMut(&str, &str)) {
    match tree {
        serde_json::Value::Object(parts) => {
            for (holder, part) in parts {
                if let Some(name) = part.get("name").and_then(|name| name.as_str()) {
                    see(holder, name);
                }
                collect(part, see);
            }
        }
        serde_json::Value::Array(parts) => {
            for part in parts {
                if let Some(name) = part.get("name").and_then(|name| name.as_str()) {
                    see("", name);
                }
                collect(part, see);
            }
        }
        _ => {}
    }
}

/// What an alias of the data model stands for.
const ALIASES: &[(&str, &[&str])] = &[
    ("ip", &["xdm.source.ipv4", "xdm.target.ipv4", "xdm.source.ipv6", "xdm.target.ipv6"]),
    ("ipv4", &["xdm.source.ipv4", "xdm.target.ipv4"]),
    ("ipv6", &["xdm.source.ipv6", "xdm.target.ipv6"]),
    ("port", &["xdm.source.port", "xdm.target.port"]),
    ("user", &["xdm.source.user.username", "xdm.target.user.username"]),
    ("username", &["xdm.source.user.username", "xdm.target.user.username"]),
    ("host", &["xdm.source.host.hostname", "xdm.target.host.hostname"]),
    ("hostname", &["xdm.source.host.hostname", "xdm.target.host.hostname"]),
    ("domain", &["xdm.source.domain", "xdm.target.domain", "xdm.target.url"]),
    ("url", &["xdm.target.url", "xdm.network.http.url"]),
    ("hash", &["xdm.target.file.sha256", "xdm.target.file.md5", "xdm.target.process.executable.sha256"]),
    ("process_name", &["xdm.source.process.name", "xdm.target.process.name"]),
    ("file_name", &["xdm.target.file.filename"]),
];

/// The query with every condition on `XDM_ALIAS.x` written out: one of the fields (`or`), and for
/// negated conditions all of them (`and`).
pub(crate) fn without_aliases(query: &Query) -> Cow<'_, Query> {
    let text = serde_json::to_string(query).unwrap_or_default();
    if !text.contains("\"xdm_alias.") {
        return Cow::Borrowed(query);
    }
    let mut query = query.clone();
    write_out(&mut query);
    Cow::Owned(query)
}

fn write_out(query: &mut Query) {
    for stage in &mut query.stages {
        match &mut stage.kind {
            StageKind::Filter(condition) => in_expr(condition),
            StageKind::Alter(assignments) => assignments.iter_mut().for_each(|set| in_expr(&mut set.value)),
            StageKind::Comp(comp) => {
                comp.aggregates.iter_mut().flat_map(|call| &mut call.args).for_each(in_expr);
            }
            StageKind::Join(join) => {
                in_expr(&mut join.on);
                write_out(&mut join.query);
            }
            StageKind::Union(UnionWith::Query(inner)) => write_out(inner),
            StageKind::Fields(ast::Fields::Keep(choices)) => {
                *choices = choices.drain(..).flat_map(chosen).collect();
            }
            _ => {}
        }
    }
}

/// `fields XDM_ALIAS.x` shows every field of the alias.
fn chosen(choice: ast::FieldChoice) -> Vec<ast::FieldChoice> {
    let alias = choice.field.name.strip_prefix("xdm_alias.").filter(|_| choice.alias.is_none());
    let Some((_, fields)) = ALIASES.iter().find(|(known, _)| Some(*known) == alias) else {
        return vec![choice];
    };
    let span = choice.field.span;
    let named = |field: &&str| Name { name: (*field).to_owned(), text: (*field).to_owned(), span };
    fields.iter().map(|field| ast::FieldChoice { field: named(field), alias: None }).collect()
}

fn in_expr(expr: &mut ast::Expr) {
    match &mut expr.kind {
        ExprKind::And(a, b) | ExprKind::Or(a, b) => {
            in_expr(a);
            in_expr(b);
            return;
        }
        ExprKind::Not(inner) => return in_expr(inner),
        ExprKind::Call { args, .. } => return args.iter_mut().for_each(in_expr),
        _ => {}
    }
    let Some((fields, negated)) = alias_test(expr) else { return };
    let tests = fields.iter().map(|field| {
        let mut test = expr.clone();
        if let Some(value) = subject(&mut test.kind) {
            let name = Name { name: (*field).to_owned(), text: (*field).to_owned(), span: value.span };
            value.kind = ExprKind::Field(name);
        }
        test
    });
    let span = expr.span;
    let joined = tests.reduce(|a, b| {
        let (a, b) = (Box::new(a), Box::new(b));
        let kind = if negated { ExprKind::And(a, b) } else { ExprKind::Or(a, b) };
        ast::Expr { kind, span }
    });
    if let Some(joined) = joined {
        *expr = joined;
    }
}

/// The value that a condition tests.
fn subject(kind: &mut ExprKind) -> Option<&mut ast::Expr> {
    match kind {
        ExprKind::Compare { left, .. } => Some(left),
        ExprKind::In { value, .. }
        | ExprKind::InQuery { value, .. }
        | ExprKind::Contains { value, .. }
        | ExprKind::Matches { value, .. }
        | ExprKind::InCidr { value, .. } => Some(value),
        _ => None,
    }
}

/// The fields of the alias that a condition tests, and whether the condition is a negation.
fn alias_test(expr: &mut ast::Expr) -> Option<(&'static [&'static str], bool)> {
    let negated = match &expr.kind {
        ExprKind::Compare { op, .. } => *op == ast::CompareOp::NotEq,
        ExprKind::In { negated, .. }
        | ExprKind::InQuery { negated, .. }
        | ExprKind::Contains { negated, .. }
        | ExprKind::Matches { negated, .. }
        | ExprKind::InCidr { negated, .. } => *negated,
        _ => return None,
    };
    let ExprKind::Field(name) = &subject(&mut expr.kind)?.kind else { return None };
    let alias = name.name.strip_prefix("xdm_alias.")?;
    ALIASES.iter().find(|(known, _)| *known == alias).map(|(_, fields)| (*fields, negated))
}

/// Groups of fields that `fields fieldset.name` stands for, by the beginnings of their names.
pub(crate) const FIELDSETS: &[(&str, &[&str])] = &[
    ("xdm_network", &["xdm.source.", "xdm.target.", "xdm.intermediate.", "xdm.network."]),
    ("xdm_endpoint", &["xdm.source.host.", "xdm.source.process.", "xdm.target.process.", "xdm.target.file."]),
    ("xdm_authentication", &["xdm.auth.", "xdm.logon.", "xdm.source.user.", "xdm.target.user."]),
    ("xdm_event", &["xdm.event.", "xdm.alert.", "xdm.observer."]),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shipped_models_read_fields_that_their_datasets_have() {
        for model in models() {
            let dataset = vedette_event::datasets::by_name(&model.dataset);
            assert!(dataset.is_some(), "{}", model.dataset);
            for field in &model.fields {
                let known = dataset.is_some_and(|dataset| dataset.position(field).is_some());
                assert!(known, "{} has no {field}", model.dataset);
            }
        }
    }

    #[test]
    fn every_shipped_model_is_read() {
        let files: Vec<_> = RULES.iter().map(|text| parse_rules(text)).collect();
        let found: Vec<_> = files.iter().flat_map(|file| &file.diagnostics).collect();
        assert!(found.is_empty(), "{found:?}");
        let sections: Vec<_> = files.iter().flat_map(|file| &file.sections).collect();
        assert_eq!(models().len(), sections.len());
        assert!(sections.len() >= 3 && models().iter().all(|model| !model.stages.is_empty()));
        // Neither calls nor drops are run.
        let steps = sections.iter().flat_map(|section| &section.statements).flat_map(|one| &one.steps);
        assert!(steps.into_iter().all(|step| matches!(step, Step::Stage(_))));
    }
}
