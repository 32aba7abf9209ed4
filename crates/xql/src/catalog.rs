//! The names a query can use, as its tools know them: datasets with their fields, presets, the data
//! model. Plain data, made by whoever has a catalogue; nothing here reads one.

use serde::Serialize;

/// A field of a dataset.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct CatalogField {
    pub name: String,
    /// `string`, `integer`, `float`, `boolean`, `timestamp`, `array of strings`, …
    pub ty: String,
    /// One sentence, or nothing.
    pub doc: String,
}

/// A dataset, its fields in the order of its columns.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct CatalogDataset {
    pub name: String,
    pub doc: String,
    pub fields: Vec<CatalogField>,
    /// The fields of the data model (`xdm.…`) that modelling rules give it.
    pub model: Vec<String>,
}

/// A preset: a name for a part of a dataset.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct CatalogPreset {
    pub name: String,
    pub dataset: String,
}

/// Everything that completion and hover know beside the language itself.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Catalog {
    pub datasets: Vec<CatalogDataset>,
    pub presets: Vec<CatalogPreset>,
    /// What may stand behind `XDM_ALIAS.`.
    pub aliases: Vec<String>,
    /// What may stand behind `fieldset.` in `fields`.
    pub fieldsets: Vec<String>,
    /// Names of the query library.
    pub library: Vec<String>,
}

impl Catalog {
    /// The dataset of that name; case does not count.
    pub fn dataset(&self, name: &str) -> Option<&CatalogDataset> {
        self.datasets.iter().find(|dataset| dataset.name.eq_ignore_ascii_case(name))
    }

    /// The preset of that name; case does not count.
    pub fn preset(&self, name: &str) -> Option<&CatalogPreset> {
        self.presets.iter().find(|preset| preset.name.eq_ignore_ascii_case(name))
    }

    /// The datasets a name stands for; it may end in `*`.
    pub fn matching<'c>(&'c self, name: &str) -> Vec<&'c CatalogDataset> {
        let name = name.to_lowercase();
        match name.strip_suffix('*') {
            Some(start) => {
                self.datasets.iter().filter(|one| one.name.to_lowercase().starts_with(start)).collect()
            }
            None => self.dataset(&name).into_iter().collect(),
        }
    }
}
