//! Functions as the plan runs them: from columns to a column.
//!
//! A kernel never fails on data: what cannot be computed is null. Everything a kernel needs
//! comes in as an argument, so that a plan can be shown and sent elsewhere.

pub(crate) mod choose;
mod lists;
mod memo;
mod text;

pub(crate) use lists::{Columns, list_of, text_lists};
pub(crate) use memo::{Memo, same};
pub(crate) use text::{MOST_BYTES, TextColumn, Texts, map_text, texts};

use crate::expr::Typed;
use arrow::datatypes::DataType;
use datafusion::common::Result;
use datafusion::logical_expr::{
    ColumnarValue, Expr, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility,
};
use std::fmt::Debug;
use std::hash::{Hash, Hasher};
use vedette_xql::ast::Span;

/// A function over columns.
pub(crate) trait Kernel: Debug + Send + Sync + 'static {
    /// Names the computation: kernels of the same name do the same with the same arguments.
    fn name(&self) -> &'static str;

    fn returns(&self, args: &[DataType]) -> DataType;

    fn run(&self, args: &[ColumnarValue], rows: usize) -> Result<ColumnarValue>;

    /// What a loop does with each element; kernels with different bodies are different.
    fn body(&self) -> Option<&Expr> {
        None
    }
}

/// A kernel without anything of its own.
pub(crate) struct Simple {
    pub name: &'static str,
    pub returns: fn(&[DataType]) -> DataType,
    pub run: fn(&[ColumnarValue], usize) -> Result<ColumnarValue>,
}

impl Debug for Simple {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name)
    }
}

impl Kernel for &'static Simple {
    fn name(&self) -> &'static str {
        self.name
    }

    fn returns(&self, args: &[DataType]) -> DataType {
        (self.returns)(args)
    }

    fn run(&self, args: &[ColumnarValue], rows: usize) -> Result<ColumnarValue> {
        (self.run)(args, rows)
    }
}

/// A kernel as DataFusion calls it.
#[derive(Debug)]
struct Wrapped<K> {
    kernel: K,
    signature: Signature,
}

impl<K: Kernel> PartialEq for Wrapped<K> {
    fn eq(&self, other: &Self) -> bool {
        self.kernel.name() == other.kernel.name() && self.kernel.body() == other.kernel.body()
    }
}

impl<K: Kernel> Eq for Wrapped<K> {}

impl<K: Kernel> Hash for Wrapped<K> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.kernel.name().hash(state);
        self.kernel.body().hash(state);
    }
}

impl<K: Kernel> ScalarUDFImpl for Wrapped<K> {
    fn name(&self) -> &str {
        self.kernel.name()
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, args: &[DataType]) -> Result<DataType> {
        Ok(self.kernel.returns(args))
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        self.kernel.run(&args.args, args.number_rows)
    }
}

/// The call of a kernel.
pub(crate) fn call<K: Kernel>(kernel: K, args: Vec<Typed>, span: Span) -> Typed {
    let types: Vec<DataType> = args.iter().map(|arg| arg.data.clone()).collect();
    let data = kernel.returns(&types);
    let signature = match args.is_empty() {
        true => Signature::nullary(Volatility::Immutable),
        false => Signature::variadic_any(Volatility::Immutable),
    };
    let function = ScalarUDF::new_from_impl(Wrapped { kernel, signature });
    let args: Vec<Expr> = args.into_iter().map(|arg| arg.expr).collect();
    Typed { expr: function.call(args), data, span }
}
