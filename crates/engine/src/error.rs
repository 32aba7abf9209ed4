//! What can go wrong with a query, and whose fault it is.

use datafusion::error::DataFusionError;
use std::fmt;
use vedette_xql::Diagnostic;

/// Whose move it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ErrorKind {
    /// The query is wrong: the diagnostics say where and why.
    Query,
    /// Valid XQL that this version does not run yet.
    Unsupported,
    /// Over its memory, time or size limit.
    Resources,
    /// Someone stopped it.
    Cancelled,
    /// Our mistake, or the store failed.
    Internal,
}

/// Why a query gave no result.
#[derive(Clone, Debug)]
pub struct QueryError {
    pub kind: ErrorKind,
    /// What is wrong and where; empty unless the fault lies in the query's text.
    pub diagnostics: Vec<Diagnostic>,
    /// One sentence for a person.
    pub message: String,
}

impl QueryError {
    pub fn new(kind: ErrorKind, message: impl Into<String>) -> QueryError {
        QueryError { kind, diagnostics: Vec::new(), message: message.into() }
    }

    pub fn internal(message: impl Into<String>) -> QueryError {
        QueryError::new(ErrorKind::Internal, message)
    }

    /// The same with the number of bytes, where the query was over its memory.
    pub(crate) fn within(mut self, memory: u64) -> QueryError {
        if let Some(rest) = self.message.strip_prefix(OVER_MEMORY) {
            let megabytes = memory >> 20;
            self.message = format!("the query needs more memory than the {megabytes} MB it may use{rest}");
        }
        self
    }

    /// An error told by diagnostics of the query's text.
    pub(crate) fn of_text(kind: ErrorKind, diagnostics: Vec<Diagnostic>) -> QueryError {
        let first = diagnostics.iter().find(|d| d.severity == vedette_xql::Severity::Error);
        let message = first.or(diagnostics.first()).map_or("the query is wrong", |d| d.message.as_str());
        QueryError { kind, message: message.to_owned(), diagnostics }
    }
}

impl fmt::Display for QueryError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for QueryError {}

impl From<DataFusionError> for QueryError {
    fn from(error: DataFusionError) -> QueryError {
        match error.find_root() {
            DataFusionError::ResourcesExhausted(why) if why.starts_with(NO_ROOM) => {
                tracing::debug!(why, "a query is over its memory");
                QueryError::new(ErrorKind::Resources, format!("{OVER_MEMORY}{MEND}"))
            }
            DataFusionError::ResourcesExhausted(why) => QueryError::new(
                ErrorKind::Resources,
                format!("the query needs more than it may use: {}", first_line(why)),
            ),
            root => out_of_disk(&root.to_string()).unwrap_or_else(|| {
                QueryError::internal(format!("running the query failed: {}", first_line(&root.to_string())))
            }),
        }
    }
}

/// What did not fit in memory did not fit on the disk either: the engine tells it as an error of the disk.
fn out_of_disk(text: &str) -> Option<QueryError> {
    let message = if let Some((_, rest)) = text.split_once(OVER_DISK) {
        let limit = rest.split_once("limit of ").and_then(|(_, rest)| rest.split_once(". "));
        let limit = limit.map_or("what", |(limit, _)| limit);
        format!(
            "the query needs more memory than it may use, and more temporary files than the {limit} it may write{MEND}"
        )
    } else if text.contains(DISK_FULL) {
        format!(
            "the query needs more memory than it may use, and the disk for its temporary files is full{MEND}"
        )
    } else {
        return None;
    };
    Some(QueryError::new(ErrorKind::Resources, message))
}

const OVER_DISK: &str = "The used disk space during the spilling process has exceeded";
const DISK_FULL: &str = "No space left on device";

/// How the memory pool begins what it says.
const NO_ROOM: &str = "Failed to allocate";
const OVER_MEMORY: &str = "the query needs more memory than it may use";
const MEND: &str = ": narrow its time frame, group by fewer values, or name fewer fields";

/// Messages of the engine may carry a list of memory consumers or a back-trace below.
fn first_line(text: &str) -> &str {
    text.lines().next().unwrap_or("")
}

impl From<Diagnostic> for QueryError {
    fn from(diagnostic: Diagnostic) -> QueryError {
        QueryError::of_text(ErrorKind::Query, vec![diagnostic])
    }
}

/// All the values, or the diagnostics of all that failed.
pub(crate) fn all<T>(items: impl Iterator<Item = Result<T, QueryError>>) -> Result<Vec<T>, QueryError> {
    let mut good = Vec::new();
    let mut bad: Option<QueryError> = None;
    for item in items {
        match (item, &mut bad) {
            (Ok(item), _) => good.push(item),
            (Err(error), None) => bad = Some(error),
            (Err(error), Some(first)) => first.diagnostics.extend(error.diagnostics),
        }
    }
    bad.map_or(Ok(good), Err)
}

#[cfg(test)]
mod tests {
    use super::*;
    use datafusion::arrow::error::ArrowError;

    #[test]
    fn temporary_files_that_do_not_fit_are_no_mistake_of_ours() {
        let of = |text: &str| {
            let io = std::io::Error::other(text.to_owned());
            QueryError::from(DataFusionError::ArrowError(
                Box::new(ArrowError::IoError(text.to_owned(), io)),
                None,
            ))
        };
        let over = of(
            "The used disk space during the spilling process has exceeded the allowable limit of 20.0 GB. Please try increasing the config.",
        );
        assert_eq!(over.kind, ErrorKind::Resources);
        assert!(over.message.contains("than the 20.0 GB it may write: narrow"), "{over}");
        let full = of("No space left on device (os error 28)");
        assert_eq!(full.kind, ErrorKind::Resources);
        assert!(full.message.contains("is full"), "{full}");
        assert_eq!(of("some other failure").kind, ErrorKind::Internal);
    }
}
