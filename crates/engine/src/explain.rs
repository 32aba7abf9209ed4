//! How a query is carried out, for people: its stages, what is left to the datasets to sort out, the
//! operators; and when it was run, the rows and times of each.

use crate::error::QueryError;
use crate::output::type_name;
use crate::plan::{Context, Rows, plan_noting};
use crate::result::Column;
use crate::stopping::WhileWantedExec;
use crate::timeframe::bounds;
use datafusion::common::tree_node::TreeNodeRecursion;
use datafusion::execution::session_state::SessionState;
use datafusion::logical_expr::{Expr, LogicalPlan, LogicalPlanBuilder, TableScan, lit};
use datafusion::physical_plan::{
    ExecutionPlan, displayable, execute_stream, statistics::StatisticsArgs, statistics::StatisticsContext,
};
use futures::StreamExt;
use std::collections::HashSet;
use std::sync::Arc;
use std::time::{Duration, Instant};
use vedette_event::Time;
use vedette_lake::is_hidden;
use vedette_xql::Diagnostic;
use vedette_xql::ast::{Query, Span};

/// How a query is carried out.
#[derive(Clone, Debug)]
pub struct Explanation {
    /// First and last moment of the rows that are read; `None`: every row.
    pub timeframe: Option<(Time, Time)>,
    /// The source first, then each stage.
    pub stages: Vec<StageRows>,
    /// What is read, and what the datasets are told so that they read less.
    pub scans: Vec<Scan>,
    /// The operators of the plan, each before those it takes its rows from.
    pub operators: Vec<Operator>,
    /// The optimised logical plan as text.
    pub logical: String,
    /// Rows of the result and time of the run, when it was run.
    pub ran: Option<(u64, Duration)>,
    pub warnings: Vec<Diagnostic>,
}

/// The rows behind a stage.
#[derive(Clone, Debug)]
pub struct StageRows {
    /// Where the stage stands in the query.
    pub span: Span,
    pub fields: Vec<Column>,
    /// How many, when the query was run.
    pub rows: Option<u64>,
    /// The time of the query run up to this stage, when it was run.
    pub elapsed: Option<Duration>,
}

/// The reading of one dataset.
#[derive(Clone, Debug)]
pub struct Scan {
    pub dataset: String,
    /// The columns that are read, and how many the dataset has.
    pub columns: Vec<String>,
    pub of_columns: usize,
    /// Conditions given to the dataset: it leaves out what cannot fit, as far as its files tell.
    pub filters: Vec<String>,
    /// Most rows that are needed.
    pub limit: Option<usize>,
}

/// One operator of the physical plan.
#[derive(Clone, Debug)]
pub struct Operator {
    /// How many operators its rows still go through.
    pub depth: usize,
    pub name: String,
    pub detail: String,
    /// From statistics of the files; `None` where nothing is known.
    pub estimated_rows: Option<u64>,
    /// Real ones, when the query was run.
    pub rows: Option<u64>,
    /// Time at work, over all threads, when the query was run.
    pub busy: Option<Duration>,
}

pub(crate) async fn explain(
    context: &Context,
    state: &SessionState,
    query: &Query,
    analyze: bool,
) -> Result<Explanation, QueryError> {
    let mut seen: Vec<(LogicalPlan, Vec<Column>)> = Vec::new();
    let plan = plan_noting(context, query, &mut |rows| seen.push((rows.plan.clone(), shown(rows))))?;
    let logical = state.optimize(&plan)?;
    let (plans, fields): (Vec<LogicalPlan>, Vec<Vec<Column>>) = seen.into_iter().unzip();
    let physical = state.create_physical_plan(&plan).await?;
    let mut ran = None;
    let mut behind = vec![None; fields.len()];
    if analyze {
        let stages = before_the_last(state, &plans, &logical).await?;
        let begun = Instant::now();
        let last = (run(physical.clone(), state).await?, begun.elapsed());
        ran = Some(last);
        behind = stages.into_iter().chain([last]).map(Some).collect();
    }
    let mut operators = Vec::new();
    operator(&physical, 0, ran.is_some(), &StatisticsContext::new(), &mut operators);
    let told = places(query).into_iter().zip(fields).zip(behind);
    let stages = told
        .map(|((span, fields), ran)| StageRows {
            span,
            fields,
            rows: ran.map(|(rows, _)| rows),
            elapsed: ran.map(|(_, elapsed)| elapsed),
        })
        .collect();
    let frame = query.config.timeframe.as_ref().or(context.timeframe.as_ref());
    Ok(Explanation {
        timeframe: frame.map(|frame| bounds(frame, context.now)).map(|(from, to)| (Time(from), Time(to))),
        stages,
        scans: scans(&logical)?,
        operators,
        logical: logical.display_indent().to_string(),
        ran,
        warnings: std::mem::take(&mut *context.warnings.lock()),
    })
}

/// Runs a plan and keeps nothing but the number of its rows.
async fn run(plan: Arc<dyn ExecutionPlan>, state: &SessionState) -> Result<u64, QueryError> {
    let mut stream = execute_stream(plan, state.task_ctx())?;
    let mut rows = 0;
    while let Some(batch) = stream.next().await {
        rows += batch?.num_rows() as u64;
    }
    Ok(rows)
}

/// Where the source and the stages stand.
fn places(query: &Query) -> Vec<Span> {
    let end = query.stages.first().map_or(query.span.end, |stage| stage.span.start);
    let source = Span { start: query.span.start, end };
    std::iter::once(source).chain(query.stages.iter().map(|stage| stage.span)).collect()
}

fn shown(rows: &Rows) -> Vec<Column> {
    let fields = rows.scope.fields.iter().filter(|field| !field.hidden);
    fields.map(|field| Column { name: field.column.clone(), type_name: type_name(&field.data) }).collect()
}

/// The rows behind the source and behind each stage but the last, and the time until they are there. The
/// operators of the plan do not tell: the optimiser moves filters into the reading and draws stages together.
/// So the query is run up to each stage, with the columns that the whole query reads.
async fn before_the_last(
    state: &SessionState,
    plans: &[LogicalPlan],
    whole: &LogicalPlan,
) -> Result<Vec<(u64, Duration)>, QueryError> {
    let read: HashSet<String> = scans(whole)?.into_iter().flat_map(|scan| scan.columns).collect();
    let Some((_, before)) = plans.split_last() else { return Ok(Vec::new()) };
    let source: HashSet<&String> = plans
        .iter()
        .take(1)
        .flat_map(|plan| plan.schema().fields().iter().map(|field| field.name()))
        .collect();
    let mut ran = Vec::with_capacity(plans.len());
    for plan in before {
        let begun = Instant::now();
        let columns = plan.schema().columns().into_iter();
        let wanted = columns.filter(|column| read.contains(&column.name) || !source.contains(&column.name));
        let mut wanted: Vec<Expr> = wanted.map(Expr::Column).collect();
        if wanted.is_empty() {
            wanted.push(lit(1i64));
        }
        let plan = LogicalPlanBuilder::from(plan.clone()).project(wanted)?.build()?;
        let rows = run(state.create_physical_plan(&plan).await?, state).await?;
        ran.push((rows, begun.elapsed()));
    }
    Ok(ran)
}

/// What the plan reads, in the order of the plan.
fn scans(plan: &LogicalPlan) -> Result<Vec<Scan>, QueryError> {
    let mut found = Vec::new();
    plan.apply_with_subqueries(|node| {
        if let LogicalPlan::TableScan(scan) = node {
            found.push(described(scan));
        }
        Ok(TreeNodeRecursion::Continue)
    })?;
    Ok(found)
}

fn described(scan: &TableScan) -> Scan {
    let visible = |name: &&String| !is_hidden(name);
    let columns = scan.projected_schema.fields().iter().map(|field| field.name());
    let schema = scan.source.schema();
    Scan {
        dataset: scan.table_name.table().to_owned(),
        columns: columns.filter(visible).cloned().collect(),
        of_columns: schema.fields().iter().filter(|field| !is_hidden(field.name())).count(),
        filters: scan.filters.iter().map(|filter| filter.human_display().to_string()).collect(),
        limit: scan.fetch,
    }
}

fn operator(
    plan: &Arc<dyn ExecutionPlan>,
    depth: usize,
    ran: bool,
    statistics: &StatisticsContext,
    all: &mut Vec<Operator>,
) {
    if plan.name() == WhileWantedExec::NAME {
        return plan.children().into_iter().for_each(|child| operator(child, depth, ran, statistics, all));
    }
    let line = displayable(plan.as_ref()).one_line().to_string();
    let (name, detail) = line.trim().split_once(": ").unwrap_or((line.trim(), ""));
    let metrics = plan.metrics().filter(|_| ran);
    let known = statistics.compute(plan.as_ref(), &StatisticsArgs::new());
    let estimated = known.ok().and_then(|all| all.num_rows.get_value().copied());
    all.push(Operator {
        depth,
        name: name.trim_end_matches("Exec").to_owned(),
        detail: detail.to_owned(),
        estimated_rows: estimated.map(|rows| rows as u64),
        rows: metrics.as_ref().and_then(|all| all.output_rows()).map(|rows| rows as u64),
        busy: metrics
            .as_ref()
            .and_then(|all| all.elapsed_compute())
            .map(|nanoseconds| Duration::from_nanos(nanoseconds as u64)),
    });
    for child in plan.children() {
        operator(child, depth + 1, ran, statistics, all);
    }
}
