//! How a query is carried out, as the API and the command line tell it; also without a server, over the
//! built-in datasets and no data.

use crate::api::query::Column;
use crate::clock;
use serde::Serialize;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use utoipa::ToSchema;
use vedette_engine::{Engine, EngineConfig, Explanation, QueryError, QueryOptions};
use vedette_event::Time;
use vedette_xql::Diagnostic;
use vedette_xql::ast::Span;

#[derive(Debug, Serialize, ToSchema)]
pub struct Explained {
    /// `null`: every row is read.
    pub timeframe: Option<ExplainedFrame>,
    /// The source first, then each stage in order.
    pub stages: Vec<ExplainedStage>,
    /// What is read of each dataset, and what the dataset is told so that it reads less.
    pub scans: Vec<ExplainedScan>,
    /// The operators of the plan, each before those whose rows it takes.
    pub operators: Vec<ExplainedOperator>,
    /// The optimised logical plan.
    pub logical: String,
    /// When the query was run.
    pub ran: Option<ExplainedRun>,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct ExplainedFrame {
    #[schema(value_type = String, format = DateTime)]
    pub from: Time,
    #[schema(value_type = String, format = DateTime)]
    pub to: Time,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct ExplainedStage {
    /// The stage as it is written, in one line.
    pub text: String,
    /// The fields that the rows have behind it.
    pub fields: Vec<Column>,
    /// Fields that the rows before it did not have.
    pub added: Vec<String>,
    pub removed: Vec<String>,
    /// The rows behind it, when the query was run.
    pub rows: Option<u64>,
    /// Milliseconds of the query run up to this stage, when it was run.
    pub elapsed_ms: Option<f64>,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct ExplainedScan {
    pub dataset: String,
    /// The columns that are read.
    pub columns: Vec<String>,
    /// How many the dataset has.
    pub of_columns: usize,
    /// Conditions given to the dataset.
    pub filters: Vec<String>,
    pub limit: Option<usize>,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct ExplainedOperator {
    pub depth: usize,
    pub name: String,
    pub detail: String,
    pub estimated_rows: Option<u64>,
    pub rows: Option<u64>,
    /// Milliseconds at work, over all threads.
    pub busy_ms: Option<f64>,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct ExplainedRun {
    pub rows: u64,
    pub elapsed_ms: f64,
}

/// The explanation of a query, with the text of its stages.
pub fn of(text: &str, found: Explanation) -> Explained {
    let mut before: Vec<String> = Vec::new();
    let mut stages = Vec::new();
    for stage in found.stages {
        let names: Vec<String> = stage.fields.iter().map(|field| field.name.clone()).collect();
        stages.push(ExplainedStage {
            text: one_line(text, stage.span),
            fields: stage.fields.iter().map(Column::from).collect(),
            added: without(&names, &before),
            removed: without(&before, &names),
            rows: stage.rows,
            elapsed_ms: stage.elapsed.map(milliseconds),
        });
        before = names;
    }
    Explained {
        timeframe: found.timeframe.map(|(from, to)| ExplainedFrame { from, to }),
        stages,
        scans: found
            .scans
            .into_iter()
            .map(|scan| ExplainedScan {
                dataset: scan.dataset,
                columns: scan.columns,
                of_columns: scan.of_columns,
                filters: scan.filters,
                limit: scan.limit,
            })
            .collect(),
        operators: found
            .operators
            .into_iter()
            .map(|one| ExplainedOperator {
                depth: one.depth,
                name: one.name,
                detail: one.detail,
                estimated_rows: one.estimated_rows,
                rows: one.rows,
                busy_ms: one.busy.map(milliseconds),
            })
            .collect(),
        logical: found.logical,
        ran: found.ran.map(|(rows, time)| ExplainedRun { rows, elapsed_ms: milliseconds(time) }),
    }
}

fn milliseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1000.0
}

fn without(these: &[String], those: &[String]) -> Vec<String> {
    these.iter().filter(|name| !those.contains(name)).cloned().collect()
}

/// The text of a stage, with its blanks drawn together.
fn one_line(text: &str, span: Span) -> String {
    let piece = text.get(span.start as usize..span.end as usize).unwrap_or_default();
    let words: Vec<&str> = piece.split_whitespace().collect();
    words.join(" ").trim_matches(['|', ' ', ';']).to_owned()
}

/// What an offline explanation came to.
#[derive(Debug)]
pub struct Offline {
    /// Whole, or the stages alone where no plan could be made.
    pub explained: Explained,
    /// Why there is no plan, and warnings.
    pub diagnostics: Vec<Diagnostic>,
}

/// Explains a query over the built-in datasets without any data. Where a name is not known here, the
/// stages are told all the same, as far as names alone tell them.
///
/// # Errors
/// The mistakes of a query that cannot be read, and failures of ours.
pub async fn explain_offline(
    text: &str,
    parameters: BTreeMap<String, String>,
) -> Result<Offline, QueryError> {
    let catalog = Arc::new(vedette_engine::empty_catalog());
    let names = vedette_engine::names(catalog.as_ref());
    let engine = Engine::new(catalog, EngineConfig { threads: 1, ..EngineConfig::default() })?;
    let options = QueryOptions { parameters, ..QueryOptions::at(clock::now()) };
    match engine.explain(text, options, false).await {
        Ok(mut found) => {
            let diagnostics = std::mem::take(&mut found.warnings);
            Ok(Offline { explained: of(text, found), diagnostics })
        }
        Err(error) => {
            let Some(query) = vedette_xql::parse(text).query else { return Err(error) };
            if error.diagnostics.is_empty() {
                return Err(error);
            }
            let stages = vedette_xql::flow::outline(&query, &names).into_iter().map(|stage| ExplainedStage {
                text: one_line(text, stage.span),
                fields: Vec::new(),
                added: stage.added,
                removed: stage.removed,
                rows: None,
                elapsed_ms: None,
            });
            let explained = Explained {
                timeframe: None,
                stages: stages.collect(),
                scans: Vec::new(),
                operators: Vec::new(),
                logical: String::new(),
                ran: None,
            };
            // Planning ends at the first mistake.
            let mut diagnostics = error.diagnostics;
            for one in vedette_xql::check_with(text, &names) {
                if !diagnostics.iter().any(|told| told.code == one.code && told.span == one.span) {
                    diagnostics.push(one);
                }
            }
            diagnostics.sort_by_key(|one| one.span.start);
            Ok(Offline { explained, diagnostics })
        }
    }
}

/// The names of the built-in datasets and all that goes with them, for tools that work without a server.
pub fn builtin_names() -> vedette_xql::Catalog {
    vedette_engine::names(&vedette_engine::empty_catalog())
}
