//! What makes a query stop soon after nobody waits for it, whatever it is at.
//!
//! A task is stopped where it gives control back, which readers of data do every 128 batches, and operators
//! that make many rows of few may not do for hours. So every operator looks at a flag with each batch, conditions
//! that are tried on every pair of rows do too, and so does planning.

mod planning;

pub(crate) use planning::{logical_rules, physical_rules};

use crate::expr::Typed;
use crate::kernel::{self, Kernel};
use arrow::array::RecordBatch;
use arrow::datatypes::{DataType, SchemaRef};
use datafusion::common::config::ConfigOptions;
use datafusion::common::tree_node::{Transformed, TreeNode, TreeNodeRecursion};
use datafusion::common::{Result, Statistics, exec_err};
use datafusion::execution::{RecordBatchStream, SendableRecordBatchStream, TaskContext};
use datafusion::logical_expr::ColumnarValue;
use datafusion::physical_optimizer::PhysicalOptimizerRule;
use datafusion::physical_plan::coop::CooperativeExec;
use datafusion::physical_plan::statistics::{ChildStats, StatisticsArgs};
use datafusion::physical_plan::{
    ChildrenPropertiesMode, DisplayAs, DisplayFormatType, ExecutionPlan, PhysicalExpr, PlanProperties,
    ReplaceChildrenOptions,
};
use futures::{Stream, StreamExt};
use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};

/// Raised when nobody waits for the query any more.
pub(crate) type Stopped = Arc<AtomicBool>;

/// Raises the flag when the caller goes away.
pub(crate) struct StopOnDrop(pub Stopped);

impl Drop for StopOnDrop {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// Fails once the query is stopped. Nobody reads the message: who stopped it has an answer already.
pub(crate) fn wanted(stopped: &Stopped) -> Result<()> {
    if stopped.load(Ordering::Relaxed) { exec_err!("the query was stopped") } else { Ok(()) }
}

/// Operators whose output may be far larger than their input.
const GROWING: [&str; 4] = ["NestedLoopJoinExec", "CrossJoinExec", "HashJoinExec", "UnnestExec"];

/// Puts a look at the flag between every two operators: those that sort, group or number rows take all of
/// their input before they give control back, wherever it comes from. Those that make many rows of few give
/// control back now and then.
#[derive(Debug)]
pub(crate) struct StopSoon(pub Stopped);

impl PhysicalOptimizerRule for StopSoon {
    fn optimize(&self, plan: Arc<dyn ExecutionPlan>, _: &ConfigOptions) -> Result<Arc<dyn ExecutionPlan>> {
        let wrapped = plan.transform_up(|plan| {
            let grows = GROWING.contains(&plan.name());
            let watched: Arc<dyn ExecutionPlan> = Arc::new(WhileWantedExec::new(plan, self.0.clone()));
            let yielding = || Arc::new(CooperativeExec::new(watched.clone())) as Arc<dyn ExecutionPlan>;
            Ok(Transformed::yes(if grows { yielding() } else { watched }))
        });
        Ok(wrapped?.data)
    }

    fn name(&self) -> &str {
        "StopSoon"
    }

    fn schema_check(&self) -> bool {
        true
    }
}

/// Passes batches on, and fails once the query is stopped.
#[derive(Clone, Debug)]
pub(crate) struct WhileWantedExec {
    input: Arc<dyn ExecutionPlan>,
    properties: Arc<PlanProperties>,
    stopped: Stopped,
}

impl WhileWantedExec {
    pub(crate) const NAME: &str = "WhileWantedExec";

    fn new(input: Arc<dyn ExecutionPlan>, stopped: Stopped) -> WhileWantedExec {
        WhileWantedExec { properties: input.properties().clone(), input, stopped }
    }
}

impl DisplayAs for WhileWantedExec {
    fn fmt_as(&self, _: DisplayFormatType, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(Self::NAME)
    }
}

impl ExecutionPlan for WhileWantedExec {
    fn name(&self) -> &str {
        Self::NAME
    }

    fn properties(&self) -> &Arc<PlanProperties> {
        &self.properties
    }

    fn maintains_input_order(&self) -> Vec<bool> {
        vec![true]
    }

    fn children(&self) -> Vec<&Arc<dyn ExecutionPlan>> {
        vec![&self.input]
    }

    fn apply_expressions(
        &self,
        _: &mut dyn FnMut(&Arc<dyn PhysicalExpr>) -> Result<TreeNodeRecursion>,
    ) -> Result<TreeNodeRecursion> {
        Ok(TreeNodeRecursion::Continue)
    }

    fn replace_children(
        self: Arc<Self>,
        children: Vec<Arc<dyn ExecutionPlan>>,
        _: ReplaceChildrenOptions,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        match <[_; 1]>::try_from(children) {
            Ok([input]) => Ok(Arc::new(WhileWantedExec::new(input, self.stopped.clone()))),
            Err(_) => exec_err!("{} has one input", Self::NAME),
        }
    }

    fn with_new_children(
        self: Arc<Self>,
        children: Vec<Arc<dyn ExecutionPlan>>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        self.replace_children(children, ReplaceChildrenOptions::new(ChildrenPropertiesMode::Recompute))
    }

    fn execute(&self, partition: usize, task: Arc<TaskContext>) -> Result<SendableRecordBatchStream> {
        let batches = self.input.execute(partition, task)?;
        Ok(Box::pin(WhileWantedStream { batches, stopped: self.stopped.clone() }))
    }

    fn child_stats_requests(&self, partition: Option<usize>) -> Vec<ChildStats> {
        vec![ChildStats::At(partition)]
    }

    fn statistics_from_inputs(
        &self,
        of_input: &[Arc<Statistics>],
        _: &StatisticsArgs,
    ) -> Result<Arc<Statistics>> {
        Ok(of_input[0].clone())
    }
}

struct WhileWantedStream {
    batches: SendableRecordBatchStream,
    stopped: Stopped,
}

impl Stream for WhileWantedStream {
    type Item = Result<RecordBatch>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        match wanted(&self.stopped) {
            Ok(()) => self.batches.poll_next_unpin(context),
            Err(stopped) => Poll::Ready(Some(Err(stopped))),
        }
    }
}

impl RecordBatchStream for WhileWantedStream {
    fn schema(&self) -> SchemaRef {
        self.batches.schema()
    }
}

/// A condition that fails once the query is stopped.
pub(crate) fn while_wanted(condition: Typed, stopped: &Stopped) -> Typed {
    let span = condition.span;
    kernel::call(WhileWanted(stopped.clone()), vec![condition], span)
}

#[derive(Debug)]
struct WhileWanted(Stopped);

impl Kernel for WhileWanted {
    fn name(&self) -> &'static str {
        "while_wanted"
    }

    fn returns(&self, args: &[DataType]) -> DataType {
        args.first().cloned().unwrap_or(DataType::Boolean)
    }

    fn run(&self, args: &[ColumnarValue], _rows: usize) -> Result<ColumnarValue> {
        wanted(&self.0)?;
        match args {
            [condition] => Ok(condition.clone()),
            _ => exec_err!("while_wanted takes one condition"),
        }
    }
}
