//! Expressions: syntax becomes a typed expression of the plan.

use crate::error::QueryError;
use crate::kernel::{self, Simple};
use crate::plan::Context;
use crate::scope::{Companions, Scope};
use crate::types::{Type, is_words, time_type, words_type};
use crate::{functions, predicates};
use arrow::datatypes::DataType;
use datafusion::logical_expr::{Expr, cast, lit};
use datafusion::scalar::ScalarValue;
use std::cell::{Cell, RefCell};
use vedette_xql::ast::{self, ExprKind, Name, Span};
use vedette_xql::functions::ELEMENT;
use vedette_xql::{Diagnostic, codes};

/// An expression with its type and its place in the query.
#[derive(Clone, Debug)]
pub(crate) struct Typed {
    pub expr: Expr,
    pub data: DataType,
    pub span: Span,
}

impl Typed {
    pub(crate) fn new(expr: Expr, data: DataType, span: Span) -> Typed {
        Typed { expr, data, span }
    }

    pub(crate) fn bool(expr: Expr, span: Span) -> Typed {
        Typed::new(expr, DataType::Boolean, span)
    }

    pub(crate) fn literal(value: ScalarValue, span: Span) -> Typed {
        Typed { data: value.data_type(), expr: lit(value), span }
    }

    pub(crate) fn ty(&self) -> Type {
        Type::of(&self.data).unwrap_or(Type::Null)
    }

    /// The value, when it was written into the query.
    pub(crate) fn value(&self) -> Option<&ScalarValue> {
        match &self.expr {
            Expr::Literal(value, _) => Some(value),
            _ => None,
        }
    }

    /// The text, when it was written into the query.
    pub(crate) fn text(&self) -> Option<&str> {
        self.value().and_then(|value| value.try_as_str().flatten())
    }

    pub(crate) fn is_null_literal(&self) -> bool {
        self.value().is_some_and(ScalarValue::is_null)
    }

    /// The same value as another type. Never fails on data: what does not fit is null.
    pub(crate) fn to(self, ty: &Type) -> Typed {
        let own = self.ty();
        if own == *ty {
            return self;
        }
        if let (Some(ScalarValue::Int64(Some(number))), Type::Float) = (self.value(), ty) {
            return Typed::literal(ScalarValue::Float64(Some(*number as f64)), self.span);
        }
        match (&own, ty) {
            (Type::Float | Type::Time | Type::List(_), Type::Str) => {
                let span = self.span;
                kernel::call(&TO_TEXT, vec![self], span)
            }
            (Type::Str, Type::Float) => functions::to_float(self),
            (Type::List(_), Type::List(item)) if **item == Type::Str => functions::to_texts(self),
            _ => {
                let data = ty.arrow();
                Typed { expr: cast(self.expr, data.clone()), data, span: self.span }
            }
        }
    }

    /// A string in its plain form.
    pub(crate) fn plain(self) -> Typed {
        if !is_words(&self.data) {
            return self;
        }
        Typed { expr: cast(self.expr, DataType::Utf8), data: DataType::Utf8, span: self.span }
    }

    /// A string as one word of a dictionary, where that costs nothing: of a literal.
    pub(crate) fn into_word(self) -> Typed {
        match self.value() {
            Some(ScalarValue::Utf8(text)) => {
                let word = ScalarValue::Utf8(text.clone());
                let value = ScalarValue::Dictionary(Box::new(DataType::Int32), Box::new(word));
                Typed::literal(value, self.span)
            }
            Some(ScalarValue::Null) => {
                let word = ScalarValue::Utf8(None);
                let value = ScalarValue::Dictionary(Box::new(DataType::Int32), Box::new(word));
                Typed::literal(value, self.span)
            }
            _ => self,
        }
    }
}

static TO_TEXT: Simple =
    Simple { name: "to_text", returns: |_| DataType::Utf8, run: |args, rows| functions::to_text(args, rows) };

/// A column of one form as another, for rows of several datasets in one.
pub(crate) fn cast_to(expr: Expr, from: &DataType, to: &DataType) -> Expr {
    let typed = Typed::new(expr, from.clone(), Span::default());
    let Some(ty) = Type::of(to) else { return cast(typed.expr, to.clone()) };
    if typed.ty() == ty { cast(typed.expr, to.clone()) } else { typed.to(&ty).expr }
}

/// How deep expressions may nest. The parser stops before; this guards trees made otherwise.
const DEEPEST: usize = 500;

/// Expressions over the rows of one stage.
pub(crate) struct Exprs<'a> {
    pub context: &'a Context,
    pub scope: &'a Scope,
    depth: Cell<usize>,
    /// What `"@element"` is here.
    element: RefCell<Option<Typed>>,
}

impl<'a> Exprs<'a> {
    pub(crate) fn new(context: &'a Context, scope: &'a Scope) -> Exprs<'a> {
        Exprs { context, scope, depth: Cell::new(0), element: RefCell::new(None) }
    }

    /// Plans what a function does with each element of an array. Inside it `"@element"` is
    /// `element`; that of a loop around it is out of reach.
    pub(crate) fn in_loop<T>(&self, element: Typed, work: impl FnOnce() -> T) -> T {
        let around = self.element.replace(Some(element));
        let done = work();
        self.element.replace(around);
        done
    }

    fn element(&self, span: Span) -> Result<Typed, QueryError> {
        match self.element.borrow().as_ref() {
            Some(element) => Ok(Typed { span, ..element.clone() }),
            None => {
                let message = format!("there is no array here whose elements \"{ELEMENT}\" could be");
                Err(Diagnostic::error(codes::BAD_ARGUMENT, span, message).into())
            }
        }
    }

    /// The value the caller gave for `$name`.
    fn parameter(&self, name: &Name) -> Result<Typed, QueryError> {
        match self.context.parameters.get(&name.name) {
            Some(value) => Ok(Typed::literal(value.clone(), name.span)),
            None => {
                let message = format!("the parameter ${} has no value", name.text);
                let help = "whoever runs the query gives the values: as parameters of the library query or \
                            of the request";
                Err(Diagnostic::error(codes::MISSING_PARAMETER, name.span, message).with_help(help).into())
            }
        }
    }

    /// Any expression as a value.
    pub(crate) fn value(&self, expr: &ast::Expr) -> Result<Typed, QueryError> {
        self.deeper(expr.span, || self.value_here(expr, false))
    }

    /// What something is compared with: any value, or a bare constant such as `CONNECTED`. A word in
    /// capitals that no field has is one.
    pub(crate) fn operand(&self, expr: &ast::Expr) -> Result<Typed, QueryError> {
        match &expr.kind {
            ExprKind::Field(name) if is_constant(&name.text) && self.scope.find(&name.name).is_none() => {
                Ok(Typed::literal(ScalarValue::Utf8(Some(name.text.clone())), expr.span))
            }
            _ => self.value(expr),
        }
    }

    /// A condition where only "true" matters: what would be null may as well be false, which
    /// often has a cheaper form.
    pub(crate) fn truth(&self, expr: &ast::Expr) -> Result<Typed, QueryError> {
        let typed = self.deeper(expr.span, || self.value_here(expr, true))?;
        if matches!(typed.ty(), Type::Bool) {
            return Ok(typed);
        }
        if typed.ty() == Type::Null {
            return Ok(Typed::literal(ScalarValue::Boolean(None), typed.span));
        }
        let message = format!("a condition was expected, and this is {}", typed.ty().a_name());
        let help = "compare it with something: `= \"…\"`, `> 0`, `!= null`";
        Err(Diagnostic::error(codes::TYPE_MISMATCH, expr.span, message).with_help(help).into())
    }

    fn deeper<T>(&self, span: Span, work: impl FnOnce() -> Result<T, QueryError>) -> Result<T, QueryError> {
        if self.depth.get() >= DEEPEST {
            let message = format!("expressions nest deeper than {DEEPEST} levels here");
            return Err(Diagnostic::error(codes::NESTED_TOO_DEEPLY, span, message).into());
        }
        self.depth.set(self.depth.get() + 1);
        let done = work();
        self.depth.set(self.depth.get() - 1);
        done
    }

    fn value_here(&self, expr: &ast::Expr, truth: bool) -> Result<Typed, QueryError> {
        let span = expr.span;
        let literal = |value| Ok(Typed::literal(value, span));
        match &expr.kind {
            ExprKind::Null => literal(ScalarValue::Null),
            ExprKind::Bool(yes) => literal(ScalarValue::Boolean(Some(*yes))),
            ExprKind::Int(number) => literal(ScalarValue::Int64(Some(*number))),
            ExprKind::Float(number) => literal(ScalarValue::Float64(Some(*number))),
            ExprKind::Str(text) if text == ELEMENT => self.element(span),
            ExprKind::Str(text) => match self.context.quoted_parameter(text) {
                Some(value) => literal(value.clone()),
                None => literal(ScalarValue::Utf8(Some(text.clone()))),
            },
            ExprKind::Param(name) => self.parameter(name),
            ExprKind::Arrow { value, path } => functions::arrow(self, value, path, span),
            ExprKind::Field(name) => {
                let field = self.scope.field(name)?;
                Ok(Typed::new(field.expr(), field.data.clone(), span))
            }
            ExprKind::Word(name) => self.word(name, span),
            ExprKind::InQuery { value, query, negated } => {
                crate::subquery::within(self, value, query, *negated, span)
            }
            ExprKind::Call { function, args } => functions::call(self, function, args, span, truth),
            _ => predicates::plan(self, expr, truth),
        }
    }

    /// A field, or else an enum value, which is written in capitals.
    fn word(&self, name: &Name, span: Span) -> Result<Typed, QueryError> {
        let capitals = |c: char| c == '_' || c.is_ascii_uppercase() || c.is_ascii_digit();
        match self.scope.find(&name.name) {
            Some(field) => Ok(Typed::new(field.expr(), field.data.clone(), span)),
            None if name.text.chars().all(capitals) => {
                Ok(Typed::literal(ScalarValue::Utf8(Some(name.text.clone())), span))
            }
            None => Err(self.scope.unknown_value(name).into()),
        }
    }

    /// The numbers beside an address field, when the expression is nothing but that field.
    pub(crate) fn companions(&self, expr: &ast::Expr) -> Option<&'a Companions> {
        match &expr.kind {
            ExprKind::Field(name) | ExprKind::Word(name) => self.scope.find(&name.name)?.companions.as_ref(),
            _ => None,
        }
    }
}

fn is_constant(word: &str) -> bool {
    word.len() > 1
        && word.starts_with(|c: char| c.is_ascii_uppercase())
        && word.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_')
}

/// The types of several values as one: what all can be put into. Conditions and times mixed with
/// something else become strings; arrays mix with nothing.
pub(crate) fn one_type(values: &[Typed]) -> Result<Type, QueryError> {
    let mut ty = Type::Null;
    for value in values {
        let own = value.ty();
        ty = match ty.common(&own) {
            Some(common) => common,
            None if !matches!((&ty, &own), (Type::List(_), _) | (_, Type::List(_))) => Type::Str,
            None => {
                let message = format!("{} and {} cannot stand in one column", ty.a_name(), own.a_name());
                let help = "turn the array into a string with to_string(), or take one element of it";
                let error = Diagnostic::error(codes::TYPE_MISMATCH, value.span, message);
                return Err(error.with_help(help).into());
            }
        };
    }
    Ok(ty)
}

/// The values as one type. Strings stay words of a dictionary when all are.
pub(crate) fn unify(values: Vec<Typed>) -> Result<(Vec<Typed>, DataType), QueryError> {
    let ty = one_type(&values)?;
    if ty == Type::Str && values.iter().any(|value| value.ty() == Type::Str) {
        let words: Vec<Typed> = values.iter().cloned().map(Typed::into_word).collect();
        if words.iter().all(|word| is_words(&word.data)) {
            return Ok((words, words_type()));
        }
    }
    let data = if ty == Type::Time { time_type() } else { ty.arrow() };
    let values = values.into_iter().map(|value| value.to(&ty).plain()).collect();
    Ok((values, data))
}
