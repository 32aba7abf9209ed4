//! Planning gives control back to nobody, and plans of long queries take seconds to optimise: every rule asks
//! whether the plan is still wanted, those that go through the plan at each of its nodes.

use super::{Stopped, wanted};
use datafusion::common::Result;
use datafusion::common::config::ConfigOptions;
use datafusion::common::tree_node::Transformed;
use datafusion::logical_expr::LogicalPlan;
use datafusion::optimizer::optimizer::{ApplyOrder, Optimizer};
use datafusion::optimizer::{OptimizerConfig, OptimizerRule};
use datafusion::physical_optimizer::optimizer::PhysicalOptimizer;
use datafusion::physical_optimizer::{PhysicalOptimizerContext, PhysicalOptimizerRule};
use datafusion::physical_plan::ExecutionPlan;
use std::sync::Arc;

/// The engine's rules for logical plans.
pub(crate) fn logical_rules(stopped: &Stopped) -> Vec<Arc<dyn OptimizerRule + Send + Sync>> {
    let asking = |rule| Arc::new(Asking { rule, stopped: stopped.clone() }) as Arc<_>;
    Optimizer::new().rules.into_iter().map(asking).collect()
}

/// The engine's rules for physical plans.
pub(crate) fn physical_rules(stopped: &Stopped) -> Vec<Arc<dyn PhysicalOptimizerRule + Send + Sync>> {
    let asking = |rule| Arc::new(Asking { rule, stopped: stopped.clone() }) as Arc<_>;
    PhysicalOptimizer::new().rules.into_iter().map(asking).collect()
}

#[derive(Debug)]
struct Asking<R: ?Sized> {
    rule: Arc<R>,
    stopped: Stopped,
}

impl OptimizerRule for Asking<dyn OptimizerRule + Send + Sync> {
    fn name(&self) -> &str {
        self.rule.name()
    }

    fn apply_order(&self) -> Option<ApplyOrder> {
        self.rule.apply_order()
    }

    fn rewrite(&self, plan: LogicalPlan, config: &dyn OptimizerConfig) -> Result<Transformed<LogicalPlan>> {
        wanted(&self.stopped)?;
        self.rule.rewrite(plan, config)
    }
}

impl PhysicalOptimizerRule for Asking<dyn PhysicalOptimizerRule + Send + Sync> {
    fn optimize(
        &self,
        plan: Arc<dyn ExecutionPlan>,
        config: &ConfigOptions,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        wanted(&self.stopped)?;
        self.rule.optimize(plan, config)
    }

    fn optimize_with_context(
        &self,
        plan: Arc<dyn ExecutionPlan>,
        context: &dyn PhysicalOptimizerContext,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        wanted(&self.stopped)?;
        self.rule.optimize_with_context(plan, context)
    }

    fn name(&self) -> &str {
        self.rule.name()
    }

    fn schema_check(&self) -> bool {
        self.rule.schema_check()
    }
}
