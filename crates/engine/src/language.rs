//! The names of a catalogue as the tools around the language read them: completion, hover, the manual.

use crate::catalog::{Catalog, DatasetFields, LakeCatalog};
use crate::{RuleSet, datamodel, presets};
use std::sync::Arc;
use vedette_xql::{CatalogDataset, CatalogField, CatalogPreset};

/// The built-in datasets without a row: queries can be planned, and what they would do shown, where no
/// data is.
pub fn empty_catalog() -> LakeCatalog {
    let none = LakeCatalog::without_lake();
    vedette_event::datasets::ALL
        .into_iter()
        .fold(none, |catalog, dataset| catalog.with_rows(dataset, Arc::new(|| Ok(Vec::new()))))
}

/// Every name that a query over this catalogue can use, with what is known of it.
pub fn names(catalog: &dyn Catalog) -> vedette_xql::Catalog {
    let rules = catalog.rules();
    vedette_xql::Catalog {
        datasets: catalog.datasets().into_iter().map(|one| dataset(one, rules.as_deref())).collect(),
        presets: presets::names()
            .map(|name| CatalogPreset { name: name.to_owned(), dataset: "xdr_data".to_owned() })
            .collect(),
        aliases: datamodel::alias_names().map(str::to_owned).collect(),
        fieldsets: datamodel::FIELDSETS.iter().map(|(name, _)| (*name).to_owned()).collect(),
        library: Vec::new(),
    }
}

fn dataset(dataset: DatasetFields, rules: Option<&RuleSet>) -> CatalogDataset {
    let known = vedette_event::datasets::by_name(&dataset.name);
    let doc = |name: &str| {
        let field = known.and_then(|known| known.fields.iter().find(|field| field.name == name));
        field.map_or("", |field| field.doc).to_owned()
    };
    let fields = dataset.fields.iter();
    let fields =
        fields.map(|(name, ty)| CatalogField { name: name.clone(), ty: (*ty).to_owned(), doc: doc(name) });
    CatalogDataset {
        doc: known.map_or("", |known| known.doc).to_owned(),
        fields: fields.collect(),
        model: datamodel::fields_of(&dataset.name, rules),
        name: dataset.name,
    }
}
