//! The one table of diagnostic codes. A code names one kind of mistake and never changes its meaning;
//! the hundreds say the area. The engine's codes (XQL4xx, XQL5xx) are here too, so that the manual has
//! them all.

/// Whose move it is when a diagnostic appears.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The query is wrong: its author can mend it.
    Query,
    /// Valid XQL that this version cannot do yet: nothing is wrong with the query.
    NotSupported,
    /// The query goes beyond a limit.
    Limit,
    /// Our mistake: please report it.
    Bug,
}

/// One row of the table.
#[derive(Clone, Copy, Debug)]
pub struct Code {
    pub code: &'static str,
    pub fault: Fault,
    /// One line for the manual.
    pub meaning: &'static str,
}

macro_rules! codes {
    ($($name:ident = $code:literal, $fault:ident, $meaning:literal;)*) => {
        $(#[doc = $meaning] pub const $name: &str = $code;)*
        /// All codes in order.
        pub const CODES: &[Code] =
            &[$(Code { code: $code, fault: Fault::$fault, meaning: $meaning },)*];
    };
}

codes! {
    // Characters and words
    UNEXPECTED_CHARACTER = "XQL001", Query, "A character that has no meaning in XQL.";
    UNCLOSED_STRING = "XQL002", Query, "A string has no closing quote.";
    UNCLOSED_COMMENT = "XQL003", Query, "A /* comment has no end.";
    UNCLOSED_NAME = "XQL004", Query, "A back-quoted name has no closing back-quote.";
    FOREIGN_QUOTES = "XQL005", Query, "Single or typographic quotes where a string needs double quotes.";
    BACKSLASH_BEFORE_QUOTE = "XQL006", Query, "A backslash before the closing quote was taken as text (warning).";
    NUMBER_TOO_LARGE = "XQL007", Query, "A number does not fit in 64 bits.";
    // Stages
    EMPTY_QUERY = "XQL101", Query, "There is no query in the text.";
    EMPTY_STAGE = "XQL102", Query, "Nothing stands between two pipes, or after the last one.";
    UNKNOWN_STAGE = "XQL103", Query, "A stage that XQL does not have.";
    FOREIGN_STAGE = "XQL104", Query, "A stage of another query language.";
    MISSING_PIPE = "XQL105", Query, "A stage begins without a pipe before it (behind config a warning).";
    SOURCE_NOT_FIRST = "XQL106", Query, "config, dataset or preset in the wrong place.";
    UNEXPECTED_TOKEN = "XQL107", Query, "Something else was expected here.";
    TRAILING_COMMA = "XQL108", Query, "A comma with nothing after it.";
    BAD_SETTING = "XQL109", Query, "A config setting or its value is not known.";
    BAD_TIMEFRAME = "XQL110", Query, "A time frame that cannot be read.";
    BAD_SORT_KEY = "XQL111", Query, "A sort key without its direction before it.";
    BAD_LIMIT = "XQL112", Query, "limit needs a whole number.";
    KEYWORD_AS_NAME = "XQL113", Query, "A stage's name is used as a field name without back-quotes (warning).";
    LEADING_PIPE = "XQL114", Query, "The query begins with a pipe (warning).";
    AFTER_LAST_STAGE = "XQL115", Query, "Something follows the end of the query.";
    BAD_SECTION = "XQL116", Query, "A section or statement of a file of rules that cannot be read.";
    LATE_ALIAS = "XQL117", Query, "A name of comp's result stands behind its keys (warning).";
    // Expressions
    UNCLOSED_BRACKET = "XQL201", Query, "A bracket is never closed.";
    UNMATCHED_BRACKET = "XQL202", Query, "A closing bracket without an opening one.";
    EXPECTED_VALUE = "XQL203", Query, "A value, field or condition is missing.";
    FOREIGN_OPERATOR = "XQL204", Query, "An operator of another query language.";
    INFIX_ARITHMETIC = "XQL205", Query, "Arithmetic with + - * / %: XQL has functions for it.";
    CHAINED_COMPARISON = "XQL206", Query, "Two comparisons in a row without `and`.";
    UNQUOTED_ADDRESS = "XQL207", Query, "An address without quotes.";
    ASSIGNMENT_EXPECTED = "XQL208", Query, "alter needs `field = value`.";
    COMMA_IN_CONDITION = "XQL209", Query, "Conditions joined by a comma.";
    EXPECTED_NAME = "XQL210", Query, "The name of a field, dataset or alias is missing.";
    // Functions
    UNKNOWN_FUNCTION = "XQL301", Query, "A function that XQL does not have.";
    FOREIGN_FUNCTION = "XQL302", Query, "A function of another query language.";
    ARGUMENT_COUNT = "XQL303", Query, "Too few or too many arguments.";
    AGGREGATE_OUTSIDE_COMP = "XQL304", Query, "An aggregate used as a plain function.";
    NOT_AN_AGGREGATE = "XQL305", Query, "comp needs an aggregate function.";
    BAD_ARGUMENT = "XQL306", Query, "An argument that the function does not take.";
    // Names and types: the engine's, with the catalogue at hand
    UNKNOWN_DATASET = "XQL401", Query, "A dataset or preset that does not exist.";
    UNKNOWN_FIELD = "XQL402", Query, "A field that the rows do not have at this stage.";
    TYPE_MISMATCH = "XQL403", Query, "Types that cannot be compared or passed.";
    BAD_PATTERN = "XQL404", Query, "A regular expression that cannot be read.";
    BAD_CIDR = "XQL405", Query, "An address range that cannot be read.";
    DUPLICATE_NAME = "XQL406", Query, "Two columns with the same name.";
    BAD_LITERAL = "XQL407", Query, "A literal that does not fit the field's type.";
    MISSING_PARAMETER = "XQL408", Query, "A parameter of the query has no value.";
    NO_DATA = "XQL409", Query, "What a stage looks things up in is not there: its columns are null (warning).";
    UNKNOWN_LIBRARY_QUERY = "XQL410", Query, "A query of the library that does not exist, or that is itself wrong.";
    BAD_TARGET = "XQL411", Query, "A target that cannot be made, or not with this name or kind.";
    BAD_FILE = "XQL412", Query, "A file that cannot be read.";
    TARGET_NOT_ALLOWED = "XQL413", Query, "Who runs the query may not store rows.";
    // Limits
    QUERY_TOO_LONG = "XQL801", Limit, "The text of the query is longer than this server reads.";
    NESTED_TOO_DEEPLY = "XQL802", Limit, "Brackets or functions nested too deeply.";
    TOO_MANY_STAGES = "XQL803", Limit, "More stages than one query may have.";
    TOO_MANY_MISTAKES = "XQL804", Limit, "More mistakes than are shown.";
    OUT_OF_MEMORY = "XQL805", Limit, "The query needed more memory than it may use.";
    OUT_OF_TIME = "XQL806", Limit, "The query ran longer than it may.";
    // Not yet
    STAGE_NOT_SUPPORTED = "XQL901", NotSupported, "A stage of XQL that this version does not run yet.";
    FUNCTION_NOT_SUPPORTED = "XQL902", NotSupported, "A function of XQL that this version does not run yet.";
    SYNTAX_NOT_SUPPORTED = "XQL903", NotSupported, "A form of XQL that this version does not run yet.";
    INTERNAL = "XQL999", Bug, "A mistake in this program.";
}

/// The row of a code.
pub fn code(code: &str) -> Option<&'static Code> {
    CODES.iter().find(|row| row.code == code)
}
