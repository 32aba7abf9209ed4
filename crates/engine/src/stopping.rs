//! What makes a query stop soon after nobody waits for it, whatever it is at.
//!
//! A task is stopped where it gives control back. Readers of data do so; operators that make many rows of
//! few, and conditions that are tried on every pair of rows, would go on for hours without reading anything.

use crate::expr::Typed;
use crate::kernel::{self, Kernel};
use arrow::datatypes::DataType;
use datafusion::common::config::ConfigOptions;
use datafusion::common::tree_node::{Transformed, TreeNode};
use datafusion::common::{Result, exec_err};
use datafusion::logical_expr::ColumnarValue;
use datafusion::physical_optimizer::PhysicalOptimizerRule;
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::coop::CooperativeExec;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Raised when nobody waits for the query any more.
pub(crate) type Stopped = Arc<AtomicBool>;

/// Raises the flag when the caller goes away.
pub(crate) struct StopOnDrop(pub Stopped);

impl Drop for StopOnDrop {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// Operators whose output may be far larger than their input.
const GROWING: [&str; 4] = ["NestedLoopJoinExec", "CrossJoinExec", "HashJoinExec", "UnnestExec"];

/// Lets operators that make many rows of few give control back now and then.
#[derive(Debug)]
pub(crate) struct YieldWhereRowsGrow;

impl PhysicalOptimizerRule for YieldWhereRowsGrow {
    fn optimize(&self, plan: Arc<dyn ExecutionPlan>, _: &ConfigOptions) -> Result<Arc<dyn ExecutionPlan>> {
        let wrapped = plan.transform_up(|plan| {
            if GROWING.contains(&plan.name()) {
                return Ok(Transformed::yes(Arc::new(CooperativeExec::new(plan)) as Arc<dyn ExecutionPlan>));
            }
            Ok(Transformed::no(plan))
        });
        Ok(wrapped?.data)
    }

    fn name(&self) -> &str {
        "YieldWhereRowsGrow"
    }

    fn schema_check(&self) -> bool {
        true
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
        match args {
            [condition] if !self.0.load(Ordering::Relaxed) => Ok(condition.clone()),
            _ => exec_err!("the query was stopped"),
        }
    }
}
