//! The table of stages: one row a stage. A supported stage is a file beside this one with its grammar
//! (tokens to tree) and its lowering (tree to `ast`); the others are named here, so that they are never
//! called unknown. The table also feeds messages, completion and the manual.

mod alter;
mod comp;
mod config;
mod dataset;
mod dedup;
mod fields;
mod filter;
mod limit;
mod sort;

use crate::ast::{Config, Source, StageKind};
use crate::lower::Lowering;
use crate::parser::Parser;
use crate::syntax::SyntaxNode;

/// Where a stage may stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// Before everything.
    Config,
    /// First, or right after `config`.
    Source,
    /// After a pipe.
    Pipe,
}

/// One row of the table.
pub struct StageInfo {
    pub name: &'static str,
    pub place: Place,
    /// How it is written.
    pub form: &'static str,
    /// One line for completion and the manual.
    pub doc: &'static str,
    /// Reads what follows the name; `None`: not supported yet.
    pub(crate) grammar: Option<fn(&mut Parser)>,
    pub(crate) lower: Lower,
}

impl StageInfo {
    pub fn supported(&self) -> bool {
        self.grammar.is_some()
    }
}

/// From the tree of a stage to its part of the query.
#[derive(Clone, Copy)]
pub(crate) enum Lower {
    Config(fn(&mut Lowering, &SyntaxNode, &mut Config)),
    Source(fn(&mut Lowering, &SyntaxNode) -> Option<Source>),
    Stage(fn(&mut Lowering, &SyntaxNode) -> Option<StageKind>),
    NotYet,
}

const fn not_yet(name: &'static str, place: Place, form: &'static str, doc: &'static str) -> StageInfo {
    StageInfo { name, place, form, doc, grammar: None, lower: Lower::NotYet }
}

/// Every stage of XQL.
pub static STAGES: &[StageInfo] = &[
    config::STAGE,
    dataset::DATASET,
    dataset::PRESET,
    not_yet("cold_dataset", Place::Source, "cold_dataset = name", "Reads archived rows of a dataset."),
    not_yet(
        "datamodel",
        Place::Source,
        "datamodel dataset = name",
        "Reads datasets through the data model (xdm.* fields).",
    ),
    not_yet(
        "search",
        Place::Source,
        "search \"text\", … [dataset = name]",
        "Finds a text in every field of the datasets.",
    ),
    not_yet(
        "call",
        Place::Source,
        "call \"query name\" [parameter = value …]",
        "Runs a query of the query library.",
    ),
    filter::STAGE,
    alter::STAGE,
    comp::STAGE,
    fields::STAGE,
    sort::STAGE,
    limit::STAGE,
    dedup::STAGE,
    not_yet(
        "arrayexpand",
        Place::Pipe,
        "arrayexpand field [limit n]",
        "Makes one row of every element of an array.",
    ),
    not_yet(
        "bin",
        Place::Pipe,
        "bin field span = 1h",
        "Rounds a time or number down to the start of its bucket.",
    ),
    not_yet("getrole", Place::Pipe, "getrole field [as name]", "Adds the roles of an asset."),
    not_yet(
        "iploc",
        Place::Pipe,
        "iploc field [loc_country [as name], …] [suffix = _s]",
        "Adds where an address is in the world.",
    ),
    not_yet(
        "join",
        Place::Pipe,
        "join [type = inner|left|right] [conflict_strategy = both|left|right] (query) as x x.key = key",
        "Adds the columns of another query where a condition holds.",
    ),
    not_yet("replacenull", Place::Pipe, "replacenull field = value", "Puts a value in the place of null."),
    not_yet("tag", Place::Pipe, "tag add \"a\", …", "Adds tags to the rows."),
    not_yet(
        "target",
        Place::Pipe,
        "target type = dataset|lookup [append = true|false] name",
        "Saves the result as a dataset or lookup.",
    ),
    not_yet(
        "top",
        Place::Pipe,
        "top [n] field [by key, …] [top_count as a[, top_percent as b]]",
        "Keeps the most frequent values.",
    ),
    not_yet(
        "transaction",
        Place::Pipe,
        "transaction field, … [span = 1h] [maxevents = n]",
        "Gathers the events of one key into one row.",
    ),
    not_yet(
        "union",
        Place::Pipe,
        "union name | union (query)",
        "Appends the rows of another dataset or query.",
    ),
    not_yet(
        "view",
        Place::Pipe,
        "view graph type = line xaxis = a yaxis = b",
        "Says how the result is drawn.",
    ),
    not_yet(
        "windowcomp",
        Place::Pipe,
        "windowcomp fn(field) [by key] [sort asc key] [between a and b] as name",
        "Computes over the rows around each row.",
    ),
];

/// The row of a stage; case does not count.
pub fn find(word: &str) -> Option<&'static StageInfo> {
    STAGES.iter().find(|info| info.name.eq_ignore_ascii_case(word))
}

pub(crate) fn is_stage(word: &str) -> bool {
    find(word).is_some()
}

pub(crate) fn begins_query(word: &str) -> bool {
    find(word).is_some_and(|info| info.place != Place::Pipe)
}

pub(crate) fn names() -> impl Iterator<Item = &'static str> {
    STAGES.iter().map(|info| info.name)
}
