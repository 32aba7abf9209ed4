//! Pieces of syntax, for stages that stand for a combination of others.

use vedette_xql::ast::{Aggregate, Assignment, CompareOp, Expr, ExprKind, FieldChoice, Name, SortKey, Span};

pub(super) struct Sugar {
    /// The stage that the pieces stand for.
    pub span: Span,
}

impl Sugar {
    pub(super) fn name(&self, text: &str) -> Name {
        Name { name: text.to_lowercase(), text: text.to_owned(), span: self.span }
    }

    fn expr(&self, kind: ExprKind) -> Expr {
        Expr { kind, span: self.span }
    }

    pub(super) fn field(&self, name: &str) -> Expr {
        self.expr(ExprKind::Field(self.name(name)))
    }

    pub(super) fn text(&self, text: &str) -> Expr {
        self.expr(ExprKind::Str(text.to_owned()))
    }

    pub(super) fn int(&self, number: i64) -> Expr {
        self.expr(ExprKind::Int(number))
    }

    pub(super) fn call(&self, function: &str, args: Vec<Expr>) -> Expr {
        self.expr(ExprKind::Call { function: self.name(function), args })
    }

    pub(super) fn compare(&self, left: Expr, op: CompareOp, right: Expr) -> Expr {
        self.expr(ExprKind::Compare { op, left: Box::new(left), right: Box::new(right) })
    }

    pub(super) fn and(&self, left: Expr, right: Expr) -> Expr {
        self.expr(ExprKind::And(Box::new(left), Box::new(right)))
    }

    pub(super) fn or(&self, left: Expr, right: Expr) -> Expr {
        self.expr(ExprKind::Or(Box::new(left), Box::new(right)))
    }

    pub(super) fn contains(&self, value: Expr, part: Expr) -> Expr {
        self.expr(ExprKind::Contains { value: Box::new(value), part: Box::new(part), negated: false })
    }

    pub(super) fn set(&self, name: &str, value: Expr) -> Assignment {
        Assignment { target: self.name(name), value }
    }

    pub(super) fn aggregate(&self, function: &str, args: Vec<Expr>, alias: &str) -> Aggregate {
        Aggregate { function: self.name(function), args, alias: Some(self.name(alias)), span: self.span }
    }

    pub(super) fn sort(&self, field: &str, descending: bool) -> SortKey {
        SortKey { field: self.name(field), descending }
    }

    pub(super) fn choice(&self, field: &str) -> FieldChoice {
        FieldChoice { field: self.name(field), alias: None }
    }
}
