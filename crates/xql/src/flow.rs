//! Which fields the rows have after each stage, as far as names alone tell it: what completion offers,
//! what hover explains, what `explain` shows. The engine has the last word; a test holds the two together.

mod names;
mod stages;
mod types;

pub(crate) use names::unknown as unknown_names;

use crate::ast::{Query, Source, Span, StageKind};
use crate::catalog::{Catalog, CatalogDataset};
use serde::Serialize;
use std::collections::HashMap;

/// Fields that `fields` never takes away.
pub(crate) const SYSTEM_FIELDS: [&str; 11] = [
    "_time",
    "_insert_time",
    "_raw_log",
    "_product",
    "_vendor",
    "_tag",
    "_id",
    "_snapshot_id",
    "_snapshot_log_count",
    "_snapshot_collection_ts",
    "_dataset",
];

/// Where a field comes from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub enum Origin {
    Dataset(String),
    /// The stage at this place of the query makes it.
    Stage(Span),
}

/// A field of the rows at some place of a query.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct FlowField {
    /// As first written.
    pub name: String,
    /// The name of its type, `any` where names alone do not tell it.
    pub ty: String,
    pub doc: String,
    pub origin: Origin,
    /// It can be named, and is not shown.
    pub hidden: bool,
}

/// The fields of the rows at some place, in order.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Fields {
    list: Vec<FlowField>,
    /// Place in the list, by the name in lower case.
    index: HashMap<String, usize>,
    /// Some source is not in the catalogue: there may be more.
    pub open: bool,
    /// The rows are those of the data model: any other `xdm.…` can be named, and is null.
    pub(crate) model: bool,
}

impl Fields {
    pub fn iter(&self) -> impl Iterator<Item = &FlowField> {
        self.list.iter()
    }

    /// The fields that a result shows.
    pub fn shown(&self) -> impl Iterator<Item = &FlowField> {
        self.list.iter().filter(|field| !field.hidden)
    }

    /// The field of that name; case does not count.
    pub fn find(&self, name: &str) -> Option<&FlowField> {
        self.index.get(&name.to_lowercase()).map(|&at| &self.list[at])
    }

    /// Can a field that is not in the list be meant?
    pub(crate) fn allows(&self, name: &str) -> bool {
        self.open || self.model && name.starts_with("xdm.")
    }

    pub(crate) fn is_system(name: &str) -> bool {
        SYSTEM_FIELDS.contains(&name)
    }

    /// Adds the field, or puts it in the place of the one of that name.
    pub(crate) fn set(&mut self, field: FlowField) {
        match self.index.get(&field.name.to_lowercase()) {
            Some(&at) => {
                let name = std::mem::take(&mut self.list[at].name);
                self.list[at] = FlowField { name, ..field };
            }
            None => self.add(field),
        }
    }

    /// Adds the field unless there is one of that name.
    pub(crate) fn add(&mut self, field: FlowField) {
        let key = field.name.to_lowercase();
        if !self.index.contains_key(&key) {
            self.index.insert(key, self.list.len());
            self.list.push(field);
        }
    }
}

impl FromIterator<FlowField> for Fields {
    fn from_iter<I: IntoIterator<Item = FlowField>>(fields: I) -> Fields {
        let mut all = Fields::default();
        fields.into_iter().for_each(|field| all.add(field));
        all
    }
}

/// What one stage of a query does, in words and names.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct StageOutline {
    /// Where it stands in the text.
    pub span: Span,
    /// How many fields the rows have behind it.
    pub fields: usize,
    pub added: Vec<String>,
    pub removed: Vec<String>,
    /// The fields are not all known: some source is not in the catalogue.
    pub open: bool,
}

/// The source and each stage of a query, in order, with what happens to the fields.
pub fn outline(query: &Query, catalog: &Catalog) -> Vec<StageOutline> {
    let mut fields = Fields::default();
    let mut lines = Vec::new();
    let mut note = |span, before: &Fields, after: &Fields| {
        let names = |these: &Fields, those: &Fields| -> Vec<String> {
            these.shown().filter(|one| !those.has_shown(&one.name)).map(|one| one.name.clone()).collect()
        };
        lines.push(StageOutline {
            span,
            fields: after.shown().count(),
            added: names(after, before),
            removed: names(before, after),
            open: after.open,
        });
    };
    let begin = query.span.start;
    let end = query.stages.first().map_or(query.span.end, |stage| stage.span.start);
    let read = source(&query.source, catalog);
    note(Span { start: begin, end }, &fields, &read);
    fields = read;
    for stage in &query.stages {
        let after = stages::apply(fields.clone(), &stage.kind, stage.span, catalog);
        note(stage.span, &fields, &after);
        fields = after;
    }
    lines
}

impl Fields {
    fn has_shown(&self, name: &str) -> bool {
        self.find(name).is_some_and(|field| !field.hidden)
    }
}

/// The fields of a query's result.
pub fn fields_of(query: &Query, catalog: &Catalog) -> Fields {
    let stages = query.stages.iter().map(|stage| (&stage.kind, stage.span));
    after(&query.source, stages, catalog)
}

/// The fields behind the stages that could be read of a query.
pub(crate) fn after<'q>(
    from: &Source,
    stages: impl Iterator<Item = (&'q StageKind, Span)>,
    catalog: &Catalog,
) -> Fields {
    let fields = source(from, catalog);
    stages.fold(fields, |fields, (kind, span)| stages::apply(fields, kind, span, catalog))
}

/// What a source gives. Where its fields are not known, those that every dataset has are there, unshown.
fn source(source: &Source, catalog: &Catalog) -> Fields {
    let mut fields = of_source(source, catalog);
    if fields.open {
        for name in SYSTEM_FIELDS.into_iter().filter(|name| *name != "_dataset") {
            let ty = if name.ends_with("_time") { "timestamp" } else { "any" };
            fields.add(FlowField {
                name: name.to_owned(),
                ty: ty.to_owned(),
                doc: String::new(),
                origin: Origin::Dataset(String::new()),
                hidden: true,
            });
        }
    }
    fields
}

fn of_source(source: &Source, catalog: &Catalog) -> Fields {
    let all = |names: &[crate::ast::Name]| {
        let found: Vec<_> = names.iter().map(|name| catalog.matching(&name.name)).collect();
        let open = found.iter().any(Vec::is_empty);
        let mut datasets: Vec<&CatalogDataset> = Vec::new();
        for dataset in found.into_iter().flatten() {
            if !datasets.iter().any(|known| known.name == dataset.name) {
                datasets.push(dataset);
            }
        }
        (datasets, open)
    };
    match source {
        Source::Default => together(&catalog.matching("xdr_data"), false),
        Source::Dataset(names) | Source::ColdDataset(names) => {
            let (datasets, open) = all(names);
            together(&datasets, open)
        }
        Source::Preset(names) => presets(names, catalog),
        Source::Datamodel(names) if names.is_empty() => {
            modelled(&catalog.datasets.iter().filter(|one| !one.model.is_empty()).collect::<Vec<_>>(), false)
        }
        Source::Datamodel(names) => {
            let (datasets, open) = all(names);
            modelled(&datasets, open)
        }
        Source::Search(search) if search.datasets.is_empty() => {
            with_dataset(together(&catalog.datasets.iter().collect::<Vec<_>>(), false))
        }
        Source::Search(search) => {
            let (datasets, open) = all(&search.datasets);
            with_dataset(together(&datasets, open))
        }
        Source::Call(_) | Source::File(_) => Fields { open: true, ..Fields::default() },
    }
}

/// Fields of the datasets; of several, with the column that says which.
fn together(datasets: &[&CatalogDataset], open: bool) -> Fields {
    let fields: Fields = datasets.iter().flat_map(|dataset| own(dataset)).collect();
    let fields = Fields { open: open || datasets.is_empty(), ..fields };
    if datasets.len() > 1 { with_dataset(fields) } else { fields }
}

fn own(dataset: &CatalogDataset) -> impl Iterator<Item = FlowField> {
    dataset.fields.iter().map(|field| FlowField {
        name: field.name.clone(),
        ty: field.ty.clone(),
        doc: field.doc.clone(),
        origin: Origin::Dataset(dataset.name.clone()),
        hidden: false,
    })
}

fn with_dataset(mut fields: Fields) -> Fields {
    fields.add(FlowField {
        name: "_dataset".to_owned(),
        ty: "string".to_owned(),
        doc: "The dataset the row comes from.".to_owned(),
        origin: Origin::Dataset(String::new()),
        hidden: false,
    });
    fields
}

fn presets(names: &[crate::ast::Name], catalog: &Catalog) -> Fields {
    let of = |name: &str| {
        let behind = catalog.preset(name).map_or(name, |preset| &preset.dataset);
        catalog.dataset(name).or_else(|| catalog.dataset(behind))
    };
    let found: Vec<_> = names.iter().map(|name| of(&name.name)).collect();
    let open = found.iter().any(Option::is_none);
    let fields: Fields = found.into_iter().flatten().flat_map(own).collect();
    let fields = Fields { open, ..fields };
    if names.len() > 1 { with_dataset(fields) } else { fields }
}

/// The fields of the model first, then what every dataset has; the dataset's own go by `dataset.field`.
fn modelled(datasets: &[&CatalogDataset], open: bool) -> Fields {
    let model = datasets.iter().flat_map(|dataset| {
        dataset.model.iter().map(|name| FlowField {
            name: name.clone(),
            ty: "any".to_owned(),
            doc: "A field of the data model.".to_owned(),
            origin: Origin::Dataset(dataset.name.clone()),
            hidden: false,
        })
    });
    let system = datasets.iter().flat_map(|one| own(one)).filter(|field| Fields::is_system(&field.name));
    let raw = datasets.iter().flat_map(|dataset| {
        own(dataset).filter(|field| !Fields::is_system(&field.name)).map(|field| FlowField {
            name: format!("{}.{}", dataset.name, field.name),
            hidden: true,
            ..field
        })
    });
    let fields: Fields = model.chain(system).chain(raw).collect();
    let fields = Fields { open, model: true, ..fields };
    if datasets.len() > 1 { with_dataset(fields) } else { fields }
}
