//! Completion: the items that could stand at a place, the likeliest first.

use super::offers::Offers;
use super::place::Place;
use crate::ast::Span;
use crate::catalog::Catalog;
use serde::Serialize;

/// What an item is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ItemKind {
    /// A field of the rows, from a dataset or made by an earlier stage.
    Field,
    Stage,
    Dataset,
    Function,
    /// A setting of a stage.
    Setting,
    /// What a setting or parameter can be, or a constant.
    Value,
    Keyword,
}

/// One thing that could stand at the place.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Completion {
    pub label: String,
    pub kind: ItemKind,
    /// A few words beside the label: a type, a signature, a form.
    pub detail: String,
    /// One or two sentences.
    pub doc: String,
    /// The text to put in the place of the word being typed.
    pub insert: String,
}

/// What could stand at a place, and which part of the text it replaces.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Completions {
    pub span: Span,
    pub items: Vec<Completion>,
}

/// What could stand at byte `offset` of the text, in the place of the word that ends there. Of items
/// that do not hold that word, none is given. An offset past the end is the end.
pub fn complete(text: &str, offset: usize, catalog: &Catalog) -> Completions {
    let Some(place) = Place::find(text, offset) else {
        return Completions { span: Span::default(), items: Vec::new() };
    };
    let items = Offers::at(&place, catalog);
    Completions { span: place.word, items: fitting(items, place.typed()) }
}

/// The items that hold what was typed: those that begin with it first, then those of which a part does.
fn fitting(items: Vec<Completion>, typed: &str) -> Vec<Completion> {
    let typed = typed.to_lowercase();
    let mut fit: Vec<(u8, Completion)> = items
        .into_iter()
        .filter_map(|item| {
            let label = item.label.to_lowercase();
            let at = label.find(&typed)?;
            let rank = match at {
                0 => 0,
                _ if label[..at].ends_with(['.', '_', ' ', '"']) => 1,
                _ => 2,
            };
            Some((rank, item))
        })
        .collect();
    fit.sort_by_key(|(rank, _)| *rank);
    let mut seen = std::collections::HashSet::new();
    fit.into_iter().map(|(_, item)| item).filter(|item| seen.insert(item.label.clone())).collect()
}
