//! The type of an expression, as far as the tables tell it.

use super::Fields;
use crate::ast::{Expr, ExprKind, JsonTake};
use crate::functions::{self, Type};

/// The name of the type, `any` when it cannot be told.
pub(super) fn of(expr: &Expr, fields: &Fields) -> String {
    let name = match &expr.kind {
        ExprKind::Int(_) => "integer",
        ExprKind::Float(_) => "float",
        ExprKind::Str(_) | ExprKind::Param(_) => "string",
        ExprKind::Field(name) | ExprKind::Word(name) => {
            return fields.find(&name.name).map_or_else(|| "any".to_owned(), |field| field.ty.clone());
        }
        ExprKind::Call { function, args } => return call(&function.name, args, fields),
        ExprKind::Arrow { path, .. } => match path.take {
            JsonTake::Array => "array of strings",
            JsonTake::Query(_) => "any",
            JsonTake::Scalar | JsonTake::Json => "string",
        },
        ExprKind::Null => "any",
        ExprKind::Bool(_)
        | ExprKind::InQuery { .. }
        | ExprKind::Not(_)
        | ExprKind::And(..)
        | ExprKind::Or(..)
        | ExprKind::Compare { .. }
        | ExprKind::In { .. }
        | ExprKind::Contains { .. }
        | ExprKind::Matches { .. }
        | ExprKind::InCidr { .. } => "boolean",
    };
    name.to_owned()
}

/// The type of what a function gives.
pub(super) fn call(function: &str, args: &[Expr], fields: &Fields) -> String {
    let Some(function) = functions::find(function) else { return "any".to_owned() };
    match function.result {
        Type::Same => {
            let value = if function.name == "if" { args.get(1) } else { args.first() };
            value.map_or_else(|| "any".to_owned(), |value| of(value, fields))
        }
        Type::Number => {
            let whole = args.iter().all(|arg| of(arg, fields) == "integer");
            if whole { "integer" } else { "number" }.to_owned()
        }
        result => name(result).to_owned(),
    }
}

/// The name users read.
pub(crate) fn name(ty: Type) -> &'static str {
    match ty {
        Type::Any | Type::Same => "any",
        Type::Boolean | Type::Condition => "boolean",
        Type::Integer => "integer",
        Type::Float => "float",
        Type::Number => "number",
        Type::Text
        | Type::Address
        | Type::Cidr
        | Type::Format
        | Type::Pattern
        | Type::Choice(_)
        | Type::Json => "string",
        Type::Timestamp => "timestamp",
        Type::Array => "array",
    }
}
