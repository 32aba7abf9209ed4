//! The syntax tree that the planner reads: plain data with a span on everything a message may
//! need to point at. Lowered from the lossless tree; holds only what parsed.

use serde::Serialize;

/// Byte offsets into the query text, end excluded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default, Serialize)]
pub struct Span {
    pub start: u32,
    pub end: u32,
}

/// A field, alias, dataset or function name. `name` is lower-cased (XQL names are
/// case-insensitive) and without back-quotes; `text` is as written.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Name {
    pub name: String,
    pub text: String,
    pub span: Span,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Query {
    pub config: Config,
    pub source: Source,
    pub stages: Vec<Stage>,
    pub span: Span,
}

#[derive(Clone, Debug, PartialEq, Default, Serialize)]
pub struct Config {
    pub case_sensitive: Option<bool>,
    pub timeframe: Option<Timeframe>,
    pub max_runtime_minutes: Option<u64>,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub enum Timeframe {
    /// The last so much time, up to now.
    Last(Duration),
    Between(TimePoint, TimePoint),
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub enum TimePoint {
    /// Epoch 0.
    Begin,
    Now,
    /// Back from now.
    Ago(Duration),
    /// Forward from now.
    Ahead(Duration),
    /// Microseconds since the epoch, UTC.
    At(i64),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Duration {
    pub amount: u64,
    pub unit: TimeUnit,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum TimeUnit {
    Millisecond,
    Second,
    Minute,
    Hour,
    Day,
    Week,
    Month,
    Year,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub enum Source {
    /// None written: `xdr_data`.
    Default,
    /// `dataset = a`, `dataset in (a, b*)`; a name may end in `*`.
    Dataset(Vec<Name>),
    /// `preset = network_story`.
    Preset(Vec<Name>),
    /// `cold_dataset = a`.
    ColdDataset(Vec<Name>),
    /// `datamodel dataset = a`; none named: every mapped dataset.
    Datamodel(Vec<Name>),
    Search(Search),
    Call(LibraryCall),
    /// `dataset = file("name.parquet")`.
    File(Text),
}

/// `search "a", "b" dataset = c`: rows in which every text occurs in some field.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Search {
    pub texts: Vec<Text>,
    /// None named: every dataset.
    pub datasets: Vec<Name>,
}

/// `call "library query" parameter = value`.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct LibraryCall {
    pub query: Text,
    pub parameters: Vec<(Name, Text)>,
}

/// `call_macro "name" parameter = value`: stages of the library, put in here.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct MacroCall {
    pub name: Text,
    /// Each as written, with its quotes.
    pub parameters: Vec<(Name, Text)>,
}

/// A text written into the query, without its quotes.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Text {
    pub text: String,
    pub span: Span,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Stage {
    pub kind: StageKind,
    pub span: Span,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub enum StageKind {
    Alter(Vec<Assignment>),
    Filter(Expr),
    Comp(Comp),
    Dedup { keys: Vec<Name>, order: Vec<SortKey> },
    Fields(Fields),
    Limit(Count),
    Sort(Vec<SortKey>),
    ArrayExpand { field: Name, limit: Option<u64> },
    Bin { field: Name, size: BinSize },
    GetRole { field: Name, alias: Option<Name> },
    IpLoc(IpLoc),
    Join(Join),
    Macro(MacroCall),
    ReplaceNull(Vec<Assignment>),
    Tag(Vec<Text>),
    Target(Target),
    Top(Top),
    Transaction(Transaction),
    Union(UnionWith),
    View(View),
    WindowComp(Vec<WindowCall>),
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub enum Count {
    Number(u64),
    Param(Name),
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub enum BinSize {
    /// `bins = n`: the range of the numbers in at most so many buckets.
    Most(u64),
    /// `span = 100`: of numbers.
    Width(f64),
    /// `span = 1h`: of times.
    Span(BinSpan),
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct BinSpan {
    pub length: Duration,
    /// A moment (seconds since the epoch) at which a bucket begins.
    pub timeshift: Option<i64>,
    pub timezone: Option<Text>,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct IpLoc {
    pub field: Name,
    /// None named: all.
    pub columns: Vec<FieldChoice>,
    pub suffix: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Join {
    pub kind: JoinKind,
    pub conflict: Conflict,
    pub query: Box<Query>,
    /// Fields of the inner query are `alias.field` in the condition.
    pub alias: Name,
    pub on: Expr,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum JoinKind {
    Inner,
    Left,
    Right,
}

/// Which column stays when both sides have one of a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum Conflict {
    /// The inner query's goes by `<name>_joined_10`, `_joined_11`, …
    Both,
    Left,
    Right,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Target {
    pub lookup: bool,
    pub append: bool,
    pub name: Name,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Top {
    pub count: u64,
    pub field: Name,
    pub by: Vec<Name>,
    /// Which figures are shown, and under which names; none written: both.
    pub figures: Vec<FieldChoice>,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Transaction {
    pub keys: Vec<Name>,
    pub span: Option<BinSpan>,
    pub starts: Option<Edge>,
    pub ends: Option<Edge>,
    pub allow_unclosed: bool,
    pub max_events: u64,
}

/// What begins or ends a transaction.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub enum Edge {
    When(Expr),
    /// An event that holds this text somewhere.
    Holding(Text),
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub enum UnionWith {
    Dataset(Name),
    Query(Box<Query>),
}

/// How the result is shown. The engine passes it on.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "view", rename_all = "snake_case")]
pub enum View {
    Graph { parameters: Vec<ViewParameter> },
    Highlight { fields: Vec<Name>, values: Vec<String> },
    ColumnOrder { populated: bool },
}

/// `header = "x"`, `yaxis = a, b`, `seriescolor("a", "#fff")`.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ViewParameter {
    /// Lower case.
    pub name: String,
    pub values: Vec<Text>,
    pub span: Span,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct WindowCall {
    pub function: Name,
    pub args: Vec<Expr>,
    pub by: Vec<Name>,
    pub order: Vec<SortKey>,
    pub frame: Option<Frame>,
    pub alias: Option<Name>,
    pub span: Span,
}

#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Frame {
    pub start: Bound,
    pub end: Bound,
    /// `frame_type = range`: bounds are distances of the sort key, not numbers of rows.
    pub range: bool,
    pub span: Span,
}

#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub enum Bound {
    Unbounded,
    /// From the current row: negative is before it.
    Offset(f64),
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Assignment {
    pub target: Name,
    pub value: Expr,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Comp {
    pub aggregates: Vec<Aggregate>,
    pub by: Vec<Name>,
    /// `by asc key`.
    pub order: Vec<SortKey>,
    /// `addrawdata = true as name`.
    pub raw: Option<Name>,
}

/// `function(argument) as alias`; no argument for `count()`. The alias `*` is that of
/// `sum(*) as *`: the function over every other column.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Aggregate {
    pub function: Name,
    pub args: Vec<Expr>,
    pub alias: Option<Name>,
    pub span: Span,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub enum Fields {
    /// Names may hold `*` at either end.
    Keep(Vec<FieldChoice>),
    Drop(Vec<Name>),
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct FieldChoice {
    pub field: Name,
    pub alias: Option<Name>,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct SortKey {
    pub field: Name,
    pub descending: bool,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Expr {
    pub kind: ExprKind,
    pub span: Span,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub enum ExprKind {
    Null,
    Bool(bool),
    Int(i64),
    Float(f64),
    /// Quotes removed, escapes resolved by the rules of plain and triple-quoted strings.
    /// A `*` is a wildcard where the operator allows it.
    Str(String),
    Field(Name),
    /// A bare word where a value is compared with: a field, or else an enum value (`PROCESS`).
    Word(Name),
    /// `value in (dataset = … | …)`; the query has one column.
    InQuery {
        value: Box<Expr>,
        query: Box<Query>,
        negated: bool,
    },
    Call {
        function: Name,
        args: Vec<Expr>,
    },
    Not(Box<Expr>),
    And(Box<Expr>, Box<Expr>),
    Or(Box<Expr>, Box<Expr>),
    Compare {
        op: CompareOp,
        left: Box<Expr>,
        right: Box<Expr>,
    },
    In {
        value: Box<Expr>,
        list: Vec<Expr>,
        negated: bool,
    },
    Contains {
        value: Box<Expr>,
        part: Box<Expr>,
        negated: bool,
    },
    /// `~=` and `!~=`.
    Matches {
        value: Box<Expr>,
        pattern: Box<Expr>,
        negated: bool,
    },
    /// `value -> key[0]`
    Arrow {
        value: Box<Expr>,
        path: JsonPath,
    },
    /// `$name`, without the `$`.
    Param(Name),
    /// `incidr`, `incidr6` and their negations.
    InCidr {
        value: Box<Expr>,
        range: Box<Expr>,
        v6: bool,
        negated: bool,
    },
}

/// What follows an arrow.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct JsonPath {
    pub steps: Vec<JsonStep>,
    pub take: JsonTake,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub enum JsonStep {
    /// Keys mind case.
    Key(String),
    Index(i64),
}

/// What is made of the place a path leads to.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub enum JsonTake {
    /// `-> a`: a single value as text.
    Scalar,
    /// `-> a{}`: JSON text.
    Json,
    /// `-> a[]`: an array.
    Array,
    /// `->-> …`: everything a full JSONPath finds; the steps are empty.
    Query(String),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum CompareOp {
    Eq,
    NotEq,
    Lt,
    LtEq,
    Gt,
    GtEq,
}
