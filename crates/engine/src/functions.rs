//! The scalar functions: one file a family, one row a function.

mod arrays;
mod conditions;
mod convert;
mod encoding;
mod hierarchy;
mod json;
mod math;
mod network;
mod numbers;
mod patterns;
mod printf;
mod strings;
mod time;
mod urls;
mod vectors;

pub(crate) use arrays::{ARRAY_LENGTH, to_texts};
pub(crate) use convert::{to_float, to_text, truth as truth_of};
pub(crate) use json::arrow;
pub(crate) use network::in_ranges;
pub(crate) use time::{Zone, parse_moment};

use crate::error::QueryError;
use crate::expr::{Exprs, Typed};
use crate::types::Type;
use arrow::datatypes::DataType;
use datafusion::scalar::ScalarValue;
use vedette_xql::ast::{self, Name, Span};
use vedette_xql::{Diagnostic, codes, nearest};

/// A function and how its call becomes an expression.
pub(crate) struct Function {
    pub name: &'static str,
    pub plan: fn(&Call<'_>) -> Result<Typed, QueryError>,
}

const FAMILIES: [&[Function]; 15] = [
    arrays::FUNCTIONS,
    conditions::FUNCTIONS,
    convert::FUNCTIONS,
    encoding::FUNCTIONS,
    hierarchy::FUNCTIONS,
    json::FUNCTIONS,
    math::FUNCTIONS,
    network::FUNCTIONS,
    numbers::FUNCTIONS,
    patterns::FUNCTIONS,
    printf::FUNCTIONS,
    strings::FUNCTIONS,
    time::FUNCTIONS,
    urls::FUNCTIONS,
    vectors::FUNCTIONS,
];

fn all() -> impl Iterator<Item = &'static Function> {
    FAMILIES.into_iter().flatten()
}

/// The expression of a call. `truth` says that null may as well be false.
pub(crate) fn call(
    exprs: &Exprs<'_>,
    name: &Name,
    args: &[ast::Expr],
    span: Span,
    truth: bool,
) -> Result<Typed, QueryError> {
    let call = Call { exprs, name, args, span, truth };
    match all().find(|function| function.name == name.name) {
        Some(function) => (function.plan)(&call),
        None => Err(unknown(name).into()),
    }
}

fn unknown(name: &Name) -> Diagnostic {
    if vedette_xql::functions::find(&name.name).is_some() {
        let message = format!("{}() does not run in this version yet", name.name);
        return Diagnostic::error(codes::FUNCTION_NOT_SUPPORTED, name.span, message);
    }
    let message = format!("there is no function {}()", name.text);
    let error = Diagnostic::error(codes::UNKNOWN_FUNCTION, name.span, message);
    match nearest(&name.name, all().map(|function| function.name)) {
        Some(near) => error.with_help(format!("did you mean {near}()?")).with_replacement(near),
        None => error,
    }
}

/// One call of a function in a query.
pub(crate) struct Call<'a> {
    pub exprs: &'a Exprs<'a>,
    pub name: &'a Name,
    pub args: &'a [ast::Expr],
    pub span: Span,
    /// Null may as well be false here.
    pub truth: bool,
}

impl Call<'_> {
    pub(crate) fn count(&self) -> usize {
        self.args.len()
    }

    /// The syntax of an argument. The parser has counted them; trees made otherwise get an error.
    pub(crate) fn syntax(&self, index: usize) -> Result<&ast::Expr, QueryError> {
        self.args.get(index).ok_or_else(|| {
            let message = format!("{}() needs more than {} arguments", self.name.name, self.args.len());
            Diagnostic::error(codes::ARGUMENT_COUNT, self.span, message).into()
        })
    }

    /// Any value.
    pub(crate) fn arg(&self, index: usize) -> Result<Typed, QueryError> {
        self.exprs.value(self.syntax(index)?)
    }

    pub(crate) fn arg_values(&self) -> Result<Vec<Typed>, QueryError> {
        crate::error::all((0..self.count()).map(|index| self.arg(index)))
    }

    /// A string; single values of other types are written as one.
    pub(crate) fn text(&self, index: usize) -> Result<Typed, QueryError> {
        let arg = self.arg(index)?;
        match arg.ty() {
            Type::List(_) => Err(self.wrong(&arg, "a string")),
            _ => Ok(arg.to(&Type::Str)),
        }
    }

    /// An integer or a float; strings are read as numbers, null where they are none.
    pub(crate) fn number(&self, index: usize) -> Result<Typed, QueryError> {
        let arg = self.arg(index)?;
        match arg.ty() {
            Type::Int | Type::Float => Ok(arg),
            Type::Null => Ok(arg.to(&Type::Int)),
            Type::Str => self.number_of_text(arg),
            _ => Err(self.wrong(&arg, "a number")),
        }
    }

    /// An integer, or a string that is read as one (null where it is none).
    pub(crate) fn integer(&self, index: usize) -> Result<Typed, QueryError> {
        let arg = self.arg(index)?;
        match (arg.ty(), arg.value()) {
            (Type::Str, None) => Ok(convert::to_integer(arg)),
            _ => self.number(index),
        }
    }

    fn number_of_text(&self, arg: Typed) -> Result<Typed, QueryError> {
        let Some(text) = arg.text() else { return Ok(to_float(arg)) };
        let value = match (text.trim().parse::<i64>(), text.trim().parse::<f64>()) {
            (Ok(number), _) => ScalarValue::Int64(Some(number)),
            (_, Ok(number)) => ScalarValue::Float64(Some(number)),
            _ => return Err(self.wrong(&arg, "a number")),
        };
        Ok(Typed::literal(value, arg.span))
    }

    pub(crate) fn float(&self, index: usize) -> Result<Typed, QueryError> {
        Ok(self.number(index)?.to(&Type::Float))
    }

    /// A timestamp; a string written into the query is read as one.
    pub(crate) fn time(&self, index: usize) -> Result<Typed, QueryError> {
        let arg = self.arg(index)?;
        match arg.ty() {
            Type::Time => Ok(arg),
            Type::Null => Ok(arg.to(&Type::Time)),
            Type::Str => match arg.text().and_then(parse_moment) {
                Some(moment) => Ok(Typed::literal(moment, arg.span)),
                None => Err(self.wrong(&arg, "a timestamp")),
            },
            _ => Err(self.wrong(&arg, "a timestamp")),
        }
    }

    /// A text that must be written into the query.
    pub(crate) fn fixed_text(&self, index: usize) -> Result<String, QueryError> {
        let arg = self.arg(index)?;
        match arg.text() {
            Some(text) => Ok(text.to_owned()),
            None => {
                let message = format!("{}() needs a text in quotes here", self.name.name);
                Err(Diagnostic::error(codes::BAD_ARGUMENT, arg.span, message).into())
            }
        }
    }

    pub(crate) fn literal(&self, text: impl Into<String>) -> Typed {
        Typed::literal(ScalarValue::Utf8(Some(text.into())), self.span)
    }

    /// "needs a number here, and this is a string".
    pub(crate) fn wrong(&self, arg: &Typed, wanted: &str) -> QueryError {
        let message = format!("{}() needs {wanted} here, and this is {}", self.name.name, arg.ty().a_name());
        let error = Diagnostic::error(codes::TYPE_MISMATCH, arg.span, message);
        let help = match (wanted, arg.ty()) {
            ("a timestamp", Type::Int) => Some("to_timestamp(…, \"SECONDS\" or \"MILLIS\") makes one"),
            ("a timestamp", Type::Str) => Some("parse_timestamp() reads a text as one"),
            ("a number", Type::Time) => Some("to_epoch() gives its number"),
            (_, Type::List(_)) => Some("arrayindex() takes one element, arraystring() joins all"),
            _ => None,
        };
        match help {
            Some(help) => error.with_help(help).into(),
            None => error.into(),
        }
    }

    pub(crate) fn bad(&self, span: Span, message: impl Into<String>) -> QueryError {
        Diagnostic::error(codes::BAD_ARGUMENT, span, message).into()
    }
}

/// The result type of kernels that give a string for each string of their first argument.
pub(crate) fn like_first(args: &[DataType]) -> DataType {
    match args.first() {
        Some(words @ DataType::Dictionary(_, _)) => words.clone(),
        _ => DataType::Utf8,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use vedette_xql::functions::{FUNCTIONS, Kind};

    #[test]
    fn the_functions_here_are_those_the_table_calls_supported() {
        for row in FUNCTIONS.iter().filter(|row| row.kind == Kind::Scalar) {
            let here = all().any(|function| function.name == row.name);
            assert_eq!(here, row.supported, "{}", row.name);
        }
        for function in all() {
            assert!(vedette_xql::functions::find(function.name).is_some(), "{}", function.name);
        }
    }
}
