//! The table of stages: one row a stage, and a file beside this one with its grammar (tokens to tree)
//! and its lowering (tree to `ast`). The table also feeds messages, completion and the manual.

mod alter;
mod arrayexpand;
mod bin;
mod call;
mod comp;
mod config;
mod dataset;
mod dedup;
mod fields;
mod filter;
mod getrole;
pub mod iploc;
mod join;
mod limit;
mod replacenull;
mod search;
pub mod settings;
mod sort;
mod tag;
mod target;
mod top;
mod transaction;
mod union;
pub mod view;
mod windowcomp;

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
    /// Reads what follows the name.
    pub(crate) grammar: fn(&mut Parser),
    pub(crate) lower: Lower,
}

/// From the tree of a stage to its part of the query.
#[derive(Clone, Copy)]
pub(crate) enum Lower {
    Config(fn(&mut Lowering, &SyntaxNode, &mut Config)),
    Source(fn(&mut Lowering, &SyntaxNode) -> Option<Source>),
    Stage(fn(&mut Lowering, &SyntaxNode) -> Option<StageKind>),
}

/// Every stage of XQL.
pub static STAGES: &[StageInfo] = &[
    config::STAGE,
    dataset::DATASET,
    dataset::PRESET,
    dataset::COLD,
    dataset::DATAMODEL,
    search::STAGE,
    call::STAGE,
    filter::STAGE,
    alter::STAGE,
    comp::STAGE,
    fields::STAGE,
    sort::STAGE,
    limit::STAGE,
    dedup::STAGE,
    arrayexpand::STAGE,
    bin::STAGE,
    getrole::STAGE,
    iploc::STAGE,
    join::STAGE,
    replacenull::STAGE,
    tag::STAGE,
    target::STAGE,
    top::STAGE,
    transaction::STAGE,
    union::STAGE,
    view::STAGE,
    windowcomp::STAGE,
    call::MACRO,
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
