//! The kinds of tokens and nodes of the lossless tree, and rowan's glue. The tree holds every byte
//! of the text; what the nodes mean is said in the grammar (`grammar/`, `stages/`) and in `lower`.

/// Tokens first, nodes after [`SyntaxKind::Root`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u16)]
pub enum SyntaxKind {
    // Trivia
    Whitespace,
    Comment,
    // Words
    /// A bare name with its dots (`xdm.source.ipv4`), a keyword, or `24h`.
    Ident,
    /// `` `Event Count` ``
    QuotedIdent,
    /// `$name`
    Param,
    Int,
    Float,
    /// An address or address range without quotes: never valid, but worth a message of its own.
    BareAddress,
    /// `"…"`
    Str,
    /// `"…\"` where the last backslash does not escape the quote (the reading of the retry).
    StrBackslash,
    /// `"""…"""`
    TripleStr,
    /// `'…'` or typographic quotes: never valid, read as a string so that the rest can be checked.
    ForeignStr,
    // Punctuation
    Pipe,
    PipePipe,
    AmpAmp,
    Comma,
    Dot,
    Semicolon,
    Colon,
    LParen,
    RParen,
    LBracket,
    RBracket,
    LBrace,
    RBrace,
    Eq,
    EqEq,
    NotEq,
    LtGt,
    Lt,
    LtEq,
    Gt,
    GtEq,
    Match,
    EqTilde,
    NotMatch,
    Arrow,
    Bang,
    Plus,
    Minus,
    Star,
    Slash,
    Percent,
    /// Anything that belongs to no token.
    Unknown,
    /// End of text; never in the tree.
    Eof,

    // Nodes
    Root,
    Stage,
    /// A stage that is XQL but not supported yet, or not XQL at all; tokens only.
    OpaqueStage,
    Error,
    /// A name: one identifier, or adjacent parts such as `` `a b`.c `` and `event_*`.
    Name,
    NameList,
    Alias,
    Assignment,
    Aggregate,
    /// A function of windowcomp with all that belongs to it.
    WindowCall,
    /// `between a and b frame_type = range`
    Frame,
    FieldChoice,
    SortKey,
    Setting,
    Literal,
    FieldExpr,
    CallExpr,
    ArgList,
    ParenExpr,
    NotExpr,
    /// `a and b and c`, flat.
    AndExpr,
    /// `a or b or c`, flat.
    OrExpr,
    /// Any operator of two sides that gives a boolean, `in` with its list included.
    CompareExpr,
    InList,
    /// `(dataset = … | …)` where a value may stand.
    Subquery,
    /// `a -> b.c[0] -> []`, flat.
    ArrowExpr,
    /// `a + b`: never valid, kept as a node so that both sides are still checked.
    ArithmeticExpr,
    /// `call name` in a file of rules.
    RuleCall,
}

use SyntaxKind::*;

impl SyntaxKind {
    pub fn is_trivia(self) -> bool {
        matches!(self, Whitespace | Comment)
    }

    pub fn is_string(self) -> bool {
        matches!(self, Str | StrBackslash | TripleStr | ForeignStr)
    }

    fn from_raw(raw: u16) -> SyntaxKind {
        ALL.get(usize::from(raw)).copied().unwrap_or(Error)
    }
}

/// Every kind in order of its number, so that a raw number turns into a kind without `unsafe`.
const ALL: [SyntaxKind; RuleCall as usize + 1] = [
    Whitespace,
    Comment,
    Ident,
    QuotedIdent,
    Param,
    Int,
    Float,
    BareAddress,
    Str,
    StrBackslash,
    TripleStr,
    ForeignStr,
    Pipe,
    PipePipe,
    AmpAmp,
    Comma,
    Dot,
    Semicolon,
    Colon,
    LParen,
    RParen,
    LBracket,
    RBracket,
    LBrace,
    RBrace,
    Eq,
    EqEq,
    NotEq,
    LtGt,
    Lt,
    LtEq,
    Gt,
    GtEq,
    Match,
    EqTilde,
    NotMatch,
    Arrow,
    Bang,
    Plus,
    Minus,
    Star,
    Slash,
    Percent,
    Unknown,
    Eof,
    Root,
    Stage,
    OpaqueStage,
    Error,
    Name,
    NameList,
    Alias,
    Assignment,
    Aggregate,
    WindowCall,
    Frame,
    FieldChoice,
    SortKey,
    Setting,
    Literal,
    FieldExpr,
    CallExpr,
    ArgList,
    ParenExpr,
    NotExpr,
    AndExpr,
    OrExpr,
    CompareExpr,
    InList,
    Subquery,
    ArrowExpr,
    ArithmeticExpr,
    RuleCall,
];

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Xql {}

impl rowan::Language for Xql {
    type Kind = SyntaxKind;
    fn kind_from_raw(raw: rowan::SyntaxKind) -> SyntaxKind {
        SyntaxKind::from_raw(raw.0)
    }
    fn kind_to_raw(kind: SyntaxKind) -> rowan::SyntaxKind {
        rowan::SyntaxKind(kind as u16)
    }
}

pub type SyntaxNode = rowan::SyntaxNode<Xql>;
pub type SyntaxToken = rowan::SyntaxToken<Xql>;
pub type SyntaxElement = rowan::SyntaxElement<Xql>;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_survives_its_number() {
        for (number, kind) in ALL.iter().enumerate() {
            assert_eq!(*kind as usize, number);
        }
    }
}
