//! The names a stage can use: which columns the rows have, in which order they were put, and
//! what became of names that are gone.

use crate::error::QueryError;
use crate::types::Type;
use arrow::datatypes::DataType;
use datafusion::common::Column;
use datafusion::logical_expr::{Expr, SortExpr, cast};
use vedette_xql::ast::Name;
use vedette_xql::{Diagnostic, codes, nearest};

/// Fields that every dataset may have and that `fields` never takes away.
pub(crate) const SYSTEM_FIELDS: [&str; 11] = [
    "_time",
    "_insert_time",
    "_raw_log",
    "_product",
    "_vendor",
    "_tag",
    "_id",
    "_snapshot_id",
    "_snapshot_log_count",
    "_snapshot_collection_ts",
    "_dataset",
];

/// One field of the rows.
#[derive(Clone, Debug)]
pub(crate) struct Field {
    /// As queries find it: lower case.
    pub name: String,
    /// The plan's column, and what the result shows: as first written.
    pub column: String,
    pub data: DataType,
    /// The numeric columns beside an address field nobody has changed.
    pub companions: Option<Companions>,
    /// Can be named, and is shown only where it was.
    pub hidden: bool,
}

impl Field {
    pub(crate) fn new(column: impl Into<String>, data: DataType) -> Field {
        let column = column.into();
        Field { name: column.to_lowercase(), column, data, companions: None, hidden: false }
    }

    pub(crate) fn ty(&self) -> Type {
        Type::of(&self.data).unwrap_or(Type::Null)
    }

    pub(crate) fn expr(&self) -> Expr {
        column(&self.column)
    }

    /// The column as results show it: a type of the language, never the bare `null`.
    pub(crate) fn shown(&self) -> Expr {
        match self.data {
            DataType::Null => cast(self.expr(), DataType::Utf8).alias(&self.column),
            _ => self.expr(),
        }
    }

    pub(crate) fn is_system(&self) -> bool {
        SYSTEM_FIELDS.contains(&self.name.as_str())
    }
}

/// A column by its exact name.
pub(crate) fn column(name: &str) -> Expr {
    Expr::Column(Column::new_unqualified(name))
}

/// Columns that hold an address as numbers: IPv4 as an integer, IPv6 as 16 bytes; each null where
/// the address is of the other kind or none at all.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Companions {
    pub v4: String,
    pub v6: String,
}

/// One part of an order of rows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct OrderKey {
    /// The plan's column.
    pub column: String,
    pub descending: bool,
}

impl OrderKey {
    /// Nulls come first going up and last going down.
    pub(crate) fn expr(&self) -> SortExpr {
        column(&self.column).sort(!self.descending, !self.descending)
    }
}

/// The rows of a stage as the language sees them.
#[derive(Clone, Debug, Default)]
pub(crate) struct Scope {
    pub fields: Vec<Field>,
    /// The order a `sort` asked for. Kept as a promise: rows are put into it where it shows (in
    /// `limit`, `dedup` and the result), so what follows need not preserve it.
    pub order: Vec<OrderKey>,
    /// What decides between rows that `order` holds equal.
    pub ties: Vec<OrderKey>,
    /// Names that were there before a `comp` or `fields` took them away, for messages.
    gone: Vec<(String, &'static str)>,
    /// Numbers hidden columns.
    pub counter: usize,
    /// The dataset that the rows are of, where there is just one: its fields go by `dataset.field` too.
    pub dataset: Option<String>,
}

impl Scope {
    pub(crate) fn new(fields: Vec<Field>) -> Scope {
        Scope { fields, ..Scope::default() }
    }

    pub(crate) fn find(&self, name: &str) -> Option<&Field> {
        let of = |name: &str| self.fields.iter().find(|field| field.name == name);
        let bare = || name.strip_prefix(self.dataset.as_deref()?)?.strip_prefix('.');
        of(name).or_else(|| of(bare()?))
    }

    /// The field of that name, or an error that says where to look.
    pub(crate) fn field(&self, name: &Name) -> Result<&Field, QueryError> {
        self.find(&name.name).ok_or_else(|| self.unknown(name).into())
    }

    /// The same for a bare word that something is compared with.
    pub(crate) fn unknown_value(&self, name: &Name) -> Diagnostic {
        let error = self.unknown(name);
        let help = error.help.clone().unwrap_or_default();
        error.with_help(format!("a text stands in quotes: \"{}\"; as a field: {help}", name.text))
    }

    fn unknown(&self, name: &Name) -> Diagnostic {
        let message = format!("there is no field `{}` here", name.text);
        let error = Diagnostic::error(codes::UNKNOWN_FIELD, name.span, message);
        let names = self.fields.iter().map(|field| field.column.as_str());
        if let Some((_, stage)) = self.gone.iter().find(|(gone, _)| *gone == name.name) {
            let why = match *stage {
                "comp" => {
                    "after `comp` only its keys and its results are left: add it to `by`, \
                           or aggregate it with values() or the like"
                }
                _ => "an earlier `fields` stage did not keep it: name it there",
            };
            return error.with_help(why);
        }
        match nearest(&name.name, names) {
            Some(near) => error.did_you_mean(near),
            None => error.with_help(self.some_names()),
        }
    }

    fn some_names(&self) -> String {
        let names: Vec<&str> = self.fields.iter().take(12).map(|field| field.column.as_str()).collect();
        let more = self.fields.len().saturating_sub(names.len());
        let rest = if more > 0 { format!(" and {more} more") } else { String::new() };
        format!("the fields here are {}{rest}", names.join(", "))
    }

    /// Remembers the names of `before` that are not in this scope as taken away by `stage`.
    pub(crate) fn remember_gone(&mut self, before: &Scope, stage: &'static str) {
        let lost = before.fields.iter().filter(|field| self.find(&field.name).is_none());
        let mut gone: Vec<(String, &'static str)> = lost.map(|field| (field.name.clone(), stage)).collect();
        let older = before.gone.iter().filter(|(name, _)| self.find(name).is_none());
        gone.extend(older.cloned());
        self.gone = gone;
    }

    /// Every column a following plan must carry although no name reaches it.
    pub(crate) fn carried(&self) -> Vec<String> {
        let visible = |name: &str| self.fields.iter().any(|field| field.column == name);
        let companions = self.fields.iter().filter_map(|field| field.companions.as_ref());
        let mut carried: Vec<String> =
            companions.flat_map(|pair| [pair.v4.clone(), pair.v6.clone()]).collect();
        carried.extend(self.order.iter().chain(&self.ties).map(|key| key.column.clone()));
        carried.retain(|name| !visible(name));
        carried.sort();
        carried.dedup();
        carried
    }

    /// A fresh name for a column that no query can name.
    pub(crate) fn hidden_name(&mut self) -> String {
        self.counter += 1;
        format!("__h{}", self.counter)
    }

    /// The whole order: what `sort` asked for, then what decides between equals.
    pub(crate) fn full_order(&self) -> Vec<SortExpr> {
        let mut keys: Vec<&OrderKey> = Vec::new();
        for key in self.order.iter().chain(&self.ties) {
            if !keys.iter().any(|earlier| earlier.column == key.column) {
                keys.push(key);
            }
        }
        keys.into_iter().map(OrderKey::expr).collect()
    }
}

/// Names of columns that the planner and the store make: a few beginnings with two underscores. Other
/// such names are as good as any; rules of the field like `__log` and `__text`.
pub(crate) fn is_reserved(name: &str) -> bool {
    let Some(rest) = name.strip_prefix("__") else { return false };
    let numbered = |word: &str| {
        rest.strip_prefix(word).is_some_and(|n| !n.is_empty() && n.bytes().all(|b| b.is_ascii_digit()))
    };
    matches!(rest, "row" | "one" | "in")
        || rest.starts_with("v4_")
        || rest.starts_with("v6_")
        || ["h", "a", "in", "outer"].into_iter().any(numbered)
}
