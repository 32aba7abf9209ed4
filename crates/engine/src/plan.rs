//! A query becomes a plan: the source, then each stage folded over it.

use crate::error::QueryError;
use crate::scope::Scope;
use crate::stopping::{Stopped, wanted};
use crate::{Catalog, source, stages};
use datafusion::logical_expr::{Expr, LogicalPlan, LogicalPlanBuilder};
use datafusion::scalar::ScalarValue;
use parking_lot::Mutex;
use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use vedette_event::Time;
use vedette_xql::ast::{Name, Query, Timeframe};
use vedette_xql::{Diagnostic, codes};

/// What planning needs to know beside the query.
#[derive(Clone)]
pub(crate) struct Context {
    pub catalog: Arc<dyn Catalog>,
    pub now: Time,
    /// For a query that sets none.
    pub timeframe: Option<Timeframe>,
    pub case_sensitive: bool,
    /// Values of `$name`, by the name in lower case.
    pub parameters: Arc<HashMap<String, ScalarValue>>,
    /// What is worth telling beside the result.
    pub warnings: Arc<Mutex<Vec<Diagnostic>>>,
    /// Paths of the data model that the query names.
    pub mentioned: Arc<BTreeSet<String>>,
    /// Library queries around this one.
    pub depth: usize,
    /// Raised when nobody waits for the query any more.
    pub stopped: Stopped,
    /// Raised when some `list()` had to drop values.
    pub list_cut: Arc<AtomicBool>,
}

impl Context {
    pub(crate) fn warn(&self, warning: Diagnostic) {
        let mut warnings = self.warnings.lock();
        // Plans are sometimes made twice.
        if !warnings.contains(&warning) {
            warnings.push(warning);
        }
    }

    /// The text given for `$name`.
    pub(crate) fn parameter_text(&self, name: &Name) -> Result<String, QueryError> {
        let found = self.parameters.get(name.name.trim_start_matches('$'));
        match found.and_then(|value| value.try_as_str().flatten()) {
            Some(text) => Ok(text.to_owned()),
            None => {
                let message = format!("the parameter ${} has no value", name.text.trim_start_matches('$'));
                let error = Diagnostic::error(codes::MISSING_PARAMETER, name.span, message);
                Err(error.with_help("give it one when you run the query").into())
            }
        }
    }

    /// The value of the parameter that a string consists of: `"$name"`.
    pub(crate) fn quoted_parameter(&self, text: &str) -> Option<&ScalarValue> {
        self.parameters.get(&text.strip_prefix('$')?.to_lowercase())
    }
}

/// A plan and the names its rows have.
pub(crate) struct Rows {
    pub plan: LogicalPlan,
    pub scope: Scope,
}

impl Rows {
    /// The rows with these columns instead; the columns that no name reaches come along.
    pub(crate) fn project(self, columns: Vec<Expr>, scope: Scope) -> Result<Rows, QueryError> {
        let mut all = columns;
        let made: Vec<String> = all.iter().map(|expr| expr.schema_name().to_string()).collect();
        for name in scope.carried() {
            if !made.contains(&name) {
                all.push(crate::scope::column(&name));
            }
        }
        let plan = LogicalPlanBuilder::from(self.plan).project(all)?.build()?;
        Ok(Rows { plan, scope })
    }
}

/// The plan of a whole query; its columns are those of the result.
pub(crate) fn plan(context: &Context, query: &Query) -> Result<LogicalPlan, QueryError> {
    plan_noting(context, query, &mut |_| {})
}

/// The same, showing the rows behind the source and behind each stage.
pub(crate) fn plan_noting(
    context: &Context,
    query: &Query,
    note: &mut dyn FnMut(&Rows),
) -> Result<LogicalPlan, QueryError> {
    let query = crate::datamodel::without_aliases(query);
    let mut context = context.clone();
    context.mentioned = Arc::new(crate::datamodel::mentioned(&query));
    finish(read_noting(&context, &query, note)?)
}

/// The rows of a query, or of one inside another, which takes over the settings of the outer one.
pub(crate) fn read(context: &Context, query: &Query) -> Result<Rows, QueryError> {
    read_noting(context, query, &mut |_| {})
}

/// The same, showing the rows behind the source and behind each stage.
pub(crate) fn read_noting(
    context: &Context,
    query: &Query,
    note: &mut dyn FnMut(&Rows),
) -> Result<Rows, QueryError> {
    let mut context = context.clone();
    context.case_sensitive = query.config.case_sensitive.unwrap_or(context.case_sensitive);
    if let Some(own) = &query.config.timeframe {
        context.timeframe = Some(own.clone());
    }
    let rows = source::read(&context, &query.source, query.span)?;
    note(&rows);
    query.stages.iter().try_fold(rows, |rows, stage| {
        wanted(&context.stopped)?;
        let rows = stages::apply(&context, rows, stage)?;
        note(&rows);
        Ok(rows)
    })
}

/// Puts the rows into their order and leaves only what the user sees.
pub(crate) fn finish(rows: Rows) -> Result<LogicalPlan, QueryError> {
    let mut builder = LogicalPlanBuilder::from(rows.plan);
    if !rows.scope.order.is_empty() {
        builder = builder.sort(rows.scope.full_order())?;
    }
    let visible: Vec<Expr> =
        rows.scope.fields.iter().filter(|field| !field.hidden).map(|field| field.shown()).collect();
    Ok(crate::subquery::joined(builder.project(visible)?.build()?)?)
}
