//! Names of fields that the rows cannot have: once `comp`, `fields` or `top` have said which fields there are,
//! any other name is a mistake, whatever the data. Every such name of a query is found, not the first alone.

use super::stages::apply;
use super::{Fields, source};
use crate::ast::{Expr, ExprKind, Fields as Choice, Name, Query, Source, StageKind, UnionWith};
use crate::catalog::Catalog;
use crate::codes;
use crate::diagnostic::{Diagnostic, MAX_DIAGNOSTICS};
use crate::lint::walk;
use crate::nearest::nearest;
use std::collections::HashSet;

/// An error for each name of a field that is not there where it stands, in order of place.
pub(crate) fn unknown(query: &Query, catalog: &Catalog) -> Vec<Diagnostic> {
    let mut search = Search { catalog, found: Vec::new(), told: HashSet::new() };
    search.query(query);
    search.found.sort_by_key(|one| one.span.start);
    search.found.truncate(MAX_DIAGNOSTICS);
    search.found
}

struct Search<'c> {
    catalog: &'c Catalog,
    found: Vec<Diagnostic>,
    /// Names that were told: what follows from a mistake is none of its own.
    told: HashSet<String>,
}

/// What may be named at some place.
struct Here<'q> {
    fields: Fields,
    /// Datasets whose names may stand before a field.
    datasets: HashSet<&'q str>,
}

impl Search<'_> {
    fn query(&mut self, query: &Query) {
        let fields = source(&query.source, self.catalog);
        let mut here = Here { fields, datasets: datasets(&query.source) };
        for stage in &query.stages {
            let behind = apply(here.fields.clone(), &stage.kind, stage.span, self.catalog);
            match &stage.kind {
                StageKind::Join(join) => {
                    self.query(&join.query);
                    // The condition sees both sides.
                    here.fields = behind.clone();
                }
                StageKind::Union(UnionWith::Query(inner)) => self.query(inner),
                _ => {}
            }
            read(&stage.kind).into_iter().for_each(|name| self.look(name, &here));
            for expr in walk::expressions(&stage.kind) {
                self.expression(expr, &here);
            }
            here.fields = behind;
        }
    }

    fn expression(&mut self, expr: &Expr, here: &Here<'_>) {
        let (mut names, mut inner) = (Vec::new(), Vec::new());
        walk::each(expr, &mut |part| match &part.kind {
            ExprKind::Field(name) => names.push(name),
            ExprKind::InQuery { query, .. } => inner.push(query),
            _ => {}
        });
        names.into_iter().for_each(|name| self.look(name, here));
        inner.into_iter().for_each(|query| self.query(query));
    }

    fn look(&mut self, name: &Name, here: &Here<'_>) {
        let fields = &here.fields;
        let bare = name.name.split_once('.').filter(|(dataset, _)| here.datasets.contains(dataset));
        let known = fields.allows(&name.name)
            || fields.find(&name.name).is_some()
            || bare.is_some_and(|(_, field)| fields.find(field).is_some());
        // Parameters, sets of fields and aliases of the data model are no fields.
        let other = ["$", "fieldset.", "xdm_alias."].iter().any(|start| name.name.starts_with(start));
        if known || other || name.name.contains('*') || !self.told.insert(name.name.clone()) {
            return;
        }
        let message = format!("there is no field `{}` here", name.text);
        let error = Diagnostic::error(codes::UNKNOWN_FIELD, name.span, message);
        let names = || fields.shown().map(|field| field.name.as_str());
        self.found.push(match nearest(&name.name, names()) {
            Some(near) => error.did_you_mean(near),
            None => error.with_help(left(names())),
        });
    }
}

/// What the stages before have left.
fn left<'f>(names: impl Iterator<Item = &'f str>) -> String {
    const SHOWN: usize = 12;
    let names: Vec<&str> = names.collect();
    let shown = names.iter().take(SHOWN).copied().collect::<Vec<_>>().join(", ");
    let more = names.len().saturating_sub(SHOWN);
    let rest = if more > 0 { format!(" and {more} more") } else { String::new() };
    format!("the stages before leave {shown}{rest}")
}

/// The datasets of a source, as far as it names them.
fn datasets(source: &Source) -> HashSet<&str> {
    match source {
        Source::Default => HashSet::from(["xdr_data"]),
        Source::Dataset(names)
        | Source::ColdDataset(names)
        | Source::Datamodel(names)
        | Source::Preset(names) => names.iter().map(|name| name.name.as_str()).collect(),
        _ => HashSet::new(),
    }
}

/// The fields that a stage names outside its expressions.
fn read(stage: &StageKind) -> Vec<&Name> {
    match stage {
        StageKind::Comp(comp) => comp.by.iter().chain(comp.order.iter().map(|key| &key.field)).collect(),
        StageKind::Dedup { keys, order } => keys.iter().chain(order.iter().map(|key| &key.field)).collect(),
        StageKind::Fields(Choice::Keep(choices)) => choices.iter().map(|choice| &choice.field).collect(),
        StageKind::Fields(Choice::Drop(names)) => names.iter().collect(),
        StageKind::Sort(keys) => keys.iter().map(|key| &key.field).collect(),
        StageKind::ArrayExpand { field, .. }
        | StageKind::Bin { field, .. }
        | StageKind::GetRole { field, .. } => {
            vec![field]
        }
        StageKind::IpLoc(places) => vec![&places.field],
        StageKind::ReplaceNull(sets) => sets.iter().map(|set| &set.target).collect(),
        StageKind::Top(top) => std::iter::once(&top.field).chain(&top.by).collect(),
        StageKind::Transaction(it) => it.keys.iter().collect(),
        StageKind::WindowComp(calls) => calls
            .iter()
            .flat_map(|call| call.by.iter().chain(call.order.iter().map(|key| &key.field)))
            .collect(),
        _ => Vec::new(),
    }
}
