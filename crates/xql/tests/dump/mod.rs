//! The typed tree as short text, for snapshots.

use std::fmt::Write;
use vedette_xql::ast::*;

pub fn query(query: &Query) -> String {
    let mut out = String::new();
    let config = &query.config;
    if let Some(sensitive) = config.case_sensitive {
        writeln!(out, "case_sensitive {sensitive}").unwrap();
    }
    if let Some(frame) = &config.timeframe {
        writeln!(out, "timeframe {frame:?}").unwrap();
    }
    if let Some(minutes) = config.max_runtime_minutes {
        writeln!(out, "max_runtime_minutes {minutes}").unwrap();
    }
    match &query.source {
        Source::Default => writeln!(out, "source default").unwrap(),
        Source::Dataset(list) => writeln!(out, "dataset {}", join(list, name)).unwrap(),
        Source::Preset(list) => writeln!(out, "preset {}", join(list, name)).unwrap(),
        other => writeln!(out, "source {}", plain(other)).unwrap(),
    }
    for stage in &query.stages {
        writeln!(out, "{}", kind(&stage.kind)).unwrap();
    }
    out
}

fn kind(kind: &StageKind) -> String {
    match kind {
        StageKind::Alter(list) => {
            format!(
                "alter\n    {}",
                list.iter()
                    .map(|a| format!("{} := {}", name(&a.target), expr(&a.value)))
                    .collect::<Vec<_>>()
                    .join("\n    ")
            )
        }
        StageKind::Filter(condition) => format!("filter {}", expr(condition)),
        StageKind::Comp(comp) => format!(
            "comp by [{}]\n    {}",
            join(&comp.by, name),
            comp.aggregates
                .iter()
                .map(|a| format!(
                    "{}({}) -> {}",
                    name(&a.function),
                    join(&a.args, expr),
                    a.alias.as_ref().map_or("-".into(), name)
                ))
                .collect::<Vec<_>>()
                .join("\n    ")
        ),
        StageKind::Dedup { keys, order } => {
            format!("dedup {} order [{}]", join(keys, name), join(order, key))
        }
        StageKind::Fields(Fields::Keep(list)) => format!(
            "fields {}",
            join(list, |c| format!(
                "{}{}",
                name(&c.field),
                c.alias.as_ref().map_or(String::new(), |a| format!(" as {}", name(a)))
            ))
        ),
        StageKind::Fields(Fields::Drop(list)) => format!("fields minus {}", join(list, name)),
        StageKind::Limit(Count::Number(count)) => format!("limit {count}"),
        StageKind::Join(join) => format!(
            "join {:?} {:?} {} on {} {{\n{}}}",
            join.kind,
            join.conflict,
            name(&join.alias),
            expr(&join.on),
            query(&join.query)
        ),
        StageKind::Union(UnionWith::Query(inner)) => format!("union {{\n{}}}", query(inner)),
        StageKind::Sort(keys) => format!("sort {}", join(keys, key)),
        other => plain(other),
    }
}

/// Anything, without its places in the text.
fn plain(part: &impl serde::Serialize) -> String {
    fn without_spans(value: &mut serde_json::Value) {
        match value {
            serde_json::Value::Object(parts) => {
                parts.remove("span");
                parts.values_mut().for_each(without_spans);
            }
            serde_json::Value::Array(parts) => parts.iter_mut().for_each(without_spans),
            _ => {}
        }
    }
    let mut value = serde_json::to_value(part).unwrap();
    without_spans(&mut value);
    value.to_string()
}

fn key(key: &SortKey) -> String {
    format!("{} {}", if key.descending { "desc" } else { "asc" }, name(&key.field))
}

/// The folded name, and the text when it differs.
fn name(name: &Name) -> String {
    if name.name == name.text {
        format!("<{}>", name.name)
    } else {
        format!("<{} as {}>", name.name, name.text)
    }
}

pub fn expr(e: &Expr) -> String {
    let not = |negated: bool| if negated { "not " } else { "" };
    match &e.kind {
        ExprKind::Null => "null".into(),
        ExprKind::Bool(b) => b.to_string(),
        ExprKind::Int(i) => i.to_string(),
        ExprKind::Float(f) => format!("{f:?}"),
        ExprKind::Str(s) => format!("{s:?}"),
        ExprKind::Field(n) => name(n),
        ExprKind::Word(n) => format!("word {}", name(n)),
        ExprKind::InQuery { value, query, negated } => {
            format!("({} {}in query {{\n{}}})", expr(value), not(*negated), self::query(query))
        }
        ExprKind::Call { function, args } => format!("{}({})", name(function), join(args, expr)),
        ExprKind::Not(x) => format!("(not {})", expr(x)),
        ExprKind::And(a, b) => format!("({} and {})", expr(a), expr(b)),
        ExprKind::Or(a, b) => format!("({} or {})", expr(a), expr(b)),
        ExprKind::Compare { op, left, right } => format!("({} {op:?} {})", expr(left), expr(right)),
        ExprKind::In { value, list, negated } => {
            format!("({} {}in [{}])", expr(value), not(*negated), join(list, expr))
        }
        ExprKind::Contains { value, part, negated } => {
            format!("({} {}contains {})", expr(value), not(*negated), expr(part))
        }
        ExprKind::Matches { value, pattern, negated } => {
            format!("({} {}matches {})", expr(value), not(*negated), expr(pattern))
        }
        ExprKind::Arrow { value, path } => format!("({} -> {path:?})", expr(value)),
        ExprKind::Param(n) => format!("${}", n.text),
        ExprKind::InCidr { value, range, v6, negated } => {
            format!("({} {}incidr{} {})", expr(value), not(*negated), if *v6 { "6" } else { "" }, expr(range))
        }
    }
}

fn join<T>(list: &[T], show: impl Fn(&T) -> String) -> String {
    list.iter().map(show).collect::<Vec<_>>().join(", ")
}

/// Every expression in a query, the parts of expressions too.
pub fn expressions(query: &Query, see: &mut impl FnMut(&Expr)) {
    for stage in &query.stages {
        match &stage.kind {
            StageKind::Alter(list) => list.iter().for_each(|a| parts(&a.value, see)),
            StageKind::Filter(condition) => parts(condition, see),
            StageKind::Comp(comp) => {
                comp.aggregates.iter().flat_map(|a| &a.args).for_each(|arg| parts(arg, see))
            }
            _ => {}
        }
    }
}

fn parts(e: &Expr, see: &mut impl FnMut(&Expr)) {
    // A bare word means something else where nothing is compared.
    let star = matches!(&e.kind, ExprKind::Field(name) if name.name == "*");
    if !star && !matches!(e.kind, ExprKind::Word(_)) {
        see(e);
    }
    match &e.kind {
        ExprKind::Call { args, .. } => args.iter().for_each(|arg| parts(arg, see)),
        ExprKind::Not(x) | ExprKind::Arrow { value: x, .. } | ExprKind::InQuery { value: x, .. } => {
            parts(x, see)
        }
        ExprKind::In { value, list, .. } => {
            parts(value, see);
            list.iter().for_each(|item| parts(item, see));
        }
        ExprKind::And(a, b)
        | ExprKind::Or(a, b)
        | ExprKind::Compare { left: a, right: b, .. }
        | ExprKind::Contains { value: a, part: b, .. }
        | ExprKind::Matches { value: a, pattern: b, .. }
        | ExprKind::InCidr { value: a, range: b, .. } => {
            parts(a, see);
            parts(b, see);
        }
        _ => {}
    }
}

/// Every name in a query.
pub fn names(query: &Query, see: &mut impl FnMut(&Name)) {
    match &query.source {
        Source::Default => {}
        Source::Dataset(list)
        | Source::Preset(list)
        | Source::ColdDataset(list)
        | Source::Datamodel(list) => list.iter().for_each(&mut *see),
        Source::Search(_) | Source::Call(_) | Source::File(_) => {}
    }
    for stage in &query.stages {
        match &stage.kind {
            StageKind::Alter(list) => list.iter().for_each(|a| see(&a.target)),
            StageKind::Comp(comp) => {
                for a in &comp.aggregates {
                    see(&a.function);
                    a.alias.iter().for_each(&mut *see);
                }
                comp.by.iter().for_each(&mut *see);
            }
            StageKind::Dedup { keys, order } => {
                keys.iter().for_each(&mut *see);
                order.iter().for_each(|key| see(&key.field));
            }
            StageKind::Fields(Fields::Keep(list)) => list.iter().for_each(|c| {
                see(&c.field);
                c.alias.iter().for_each(&mut *see);
            }),
            StageKind::Fields(Fields::Drop(list)) => list.iter().for_each(&mut *see),
            StageKind::Sort(keys) => keys.iter().for_each(|key| see(&key.field)),
            _ => {}
        }
    }
    expressions(query, &mut |e| match &e.kind {
        ExprKind::Field(name) | ExprKind::Word(name) | ExprKind::Call { function: name, .. } => see(name),
        _ => {}
    });
}
