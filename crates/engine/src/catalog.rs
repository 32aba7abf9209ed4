//! Which datasets there are, and how their rows are read.

use crate::tables::{TableError, TableKind, Tables, file_provider, numbered};
use crate::{ErrorKind, Places, QueryError, QueryResult, RuleSet};
use datafusion::catalog::TableProvider;
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use vedette_event::datasets::xdr_data;
use vedette_event::{Dataset, Row, Time};
use vedette_lake::{Lake, batch_of};
use vedette_xql::ast::Target;
use vedette_xql::{Diagnostic, codes};

/// A dataset for completions and for "did you mean": its name and its visible fields.
#[derive(Clone, Debug, PartialEq)]
pub struct DatasetFields {
    pub name: String,
    /// Name and type, in column order.
    pub fields: Vec<(String, &'static str)>,
}

impl DatasetFields {
    pub(crate) fn of(dataset: &Dataset) -> DatasetFields {
        let fields = dataset.fields.iter().map(|field| (field.name.to_owned(), field.ty.name())).collect();
        DatasetFields { name: dataset.name.to_owned(), fields }
    }
}

/// The datasets a query can name.
pub trait Catalog: Send + Sync {
    fn datasets(&self) -> Vec<DatasetFields>;

    /// The rows of a dataset as they stand now; `None` when there is no such dataset. `name` is
    /// in lower case.
    fn provider(&self, name: &str) -> Result<Option<Arc<dyn TableProvider>>, QueryError>;

    /// The rows of a file; `None` when queries do not read files here.
    fn file(&self, _path: &str, _now: Time) -> Result<Option<Arc<dyn TableProvider>>, TableError> {
        Ok(None)
    }

    /// The text of a query of the library; case does not count.
    fn library_query(&self, _name: &str) -> Option<String> {
        None
    }

    /// Rules of users: fields of the data model.
    fn rules(&self) -> Option<Arc<RuleSet>> {
        None
    }

    /// What `iploc` looks addresses up in.
    fn places(&self) -> Option<&Places> {
        None
    }

    /// Keeps the rows of a query that ends in `target`.
    fn store(
        &self,
        target: &Target,
        _rows: &QueryResult,
        _when: (Time, Option<&str>),
    ) -> Result<(), QueryError> {
        Err(cannot_store(target))
    }
}

fn cannot_store(target: &Target) -> QueryError {
    let message = "results of queries cannot be stored here";
    let error = Diagnostic::error(codes::STAGE_NOT_SUPPORTED, target.name.span, message);
    let error = error.with_help("leave out the stage `target` to see the rows");
    QueryError::of_text(ErrorKind::Unsupported, vec![error])
}

/// The rows of a small dataset that lives outside the lake, as they stand now. An error is a
/// sentence for the user.
pub type RowSource = Arc<dyn Fn() -> Result<Vec<Row>, String> + Send + Sync>;

/// The text of a query of the library, by its name.
pub type Library = Arc<dyn Fn(&str) -> Option<String> + Send + Sync>;

/// The rows of a capture file in the form of `xdr_data`; an error is a sentence for the user.
pub type FileRows = Arc<dyn Fn(&Path) -> Result<Vec<Row>, String> + Send + Sync>;

/// The datasets of a lake, and beside them small ones whose rows someone else holds, and the tables
/// that users made.
#[derive(Clone)]
pub struct LakeCatalog {
    lake: Option<Lake>,
    rows: BTreeMap<&'static str, (&'static Dataset, RowSource)>,
    tables: Option<Arc<Tables>>,
    library: Option<Library>,
    /// Reads capture files; with it, queries read files of this machine.
    files: Option<FileRows>,
    places: Option<Arc<Places>>,
}

impl LakeCatalog {
    pub fn new(lake: Lake) -> LakeCatalog {
        LakeCatalog { lake: Some(lake), ..LakeCatalog::without_lake() }
    }

    /// Row datasets alone.
    pub fn without_lake() -> LakeCatalog {
        LakeCatalog {
            lake: None,
            rows: BTreeMap::new(),
            tables: None,
            library: None,
            files: None,
            places: None,
        }
    }

    /// Adds a dataset whose rows `source` gives at the time of each query. It hides a dataset of
    /// the lake with the same name.
    #[must_use]
    pub fn with_rows(mut self, dataset: &'static Dataset, source: RowSource) -> LakeCatalog {
        self.rows.insert(dataset.name, (dataset, source));
        self
    }

    /// Adds the tables users made, and lets `target` make more.
    #[must_use]
    pub fn with_tables(mut self, tables: Arc<Tables>) -> LakeCatalog {
        self.tables = Some(tables);
        self
    }

    /// Adds what `call` runs.
    #[must_use]
    pub fn with_library(mut self, library: Library) -> LakeCatalog {
        self.library = Some(library);
        self
    }

    /// Adds what `iploc` looks addresses up in.
    #[must_use]
    pub fn with_places(mut self, places: Arc<Places>) -> LakeCatalog {
        self.places = Some(places);
        self
    }

    /// Lets queries read any file that this process may read. Never for a server that others reach.
    #[must_use]
    pub fn with_files(mut self, captures: FileRows) -> LakeCatalog {
        self.files = Some(captures);
        self
    }
}

impl Catalog for LakeCatalog {
    fn datasets(&self) -> Vec<DatasetFields> {
        let mut all: Vec<DatasetFields> =
            self.rows.values().map(|(dataset, _)| DatasetFields::of(dataset)).collect();
        let stored = self.lake.iter().flat_map(|lake| lake.config().datasets.iter());
        all.extend(stored.filter(|set| !self.rows.contains_key(set.name)).map(|set| DatasetFields::of(set)));
        all.extend(self.tables.iter().flat_map(|tables| tables.fields()));
        all.sort_by(|a, b| a.name.cmp(&b.name));
        all
    }

    fn provider(&self, name: &str) -> Result<Option<Arc<dyn TableProvider>>, QueryError> {
        if let Some((dataset, source)) = self.rows.get(name) {
            let rows = source().map_err(|why| QueryError::internal(format!("reading {name}: {why}")))?;
            return Ok(Some(row_table(dataset, &rows)?));
        }
        let in_lake = |lake: &&Lake| lake.config().datasets.iter().any(|dataset| dataset.name == name);
        if let Some(lake) = self.lake.as_ref().filter(in_lake) {
            return Ok(Some(lake.provider(name).map_err(|why| QueryError::internal(why.to_string()))?));
        }
        let made = self.tables.as_ref().map(|tables| tables.provider(name)).transpose()?;
        Ok(made.flatten())
    }

    fn file(&self, path: &str, now: Time) -> Result<Option<Arc<dyn TableProvider>>, TableError> {
        let Some(captures) = &self.files else { return Ok(None) };
        if let Some(provider) = file_provider(Path::new(path), now)? {
            return Ok(Some(provider));
        }
        let rows = captures(Path::new(path)).map_err(TableError::Input)?;
        row_table(&xdr_data::DATASET, &rows).map(Some).map_err(|error| TableError::Internal(error.message))
    }

    fn library_query(&self, name: &str) -> Option<String> {
        self.library.as_ref()?(name)
    }

    fn rules(&self) -> Option<Arc<RuleSet>> {
        Some(self.tables.as_ref()?.rules().current())
    }

    fn places(&self) -> Option<&Places> {
        self.places.as_deref()
    }

    fn store(
        &self,
        target: &Target,
        rows: &QueryResult,
        when: (Time, Option<&str>),
    ) -> Result<(), QueryError> {
        let Some(tables) = &self.tables else {
            return Err(cannot_store(target));
        };
        let kind = if target.lookup { TableKind::Lookup } else { TableKind::Dataset };
        let (schema, batches) = rows.plain().map_err(|error| QueryError::internal(error.to_string()))?;
        let kept = tables.keep(&target.name.text, kind, target.append, &batches, &schema, when);
        kept.map_err(|error| match error.is_users() {
            true => Diagnostic::error(codes::BAD_TARGET, target.name.span, error.to_string()).into(),
            false => error.into(),
        })
    }
}

/// Rows as a table that remembers their order.
pub(crate) fn row_table(dataset: &Dataset, rows: &[Row]) -> Result<Arc<dyn TableProvider>, QueryError> {
    let failed = |why: String| QueryError::internal(format!("reading {}: {why}", dataset.name));
    let (batch, _) = batch_of(dataset, rows).map_err(|why| failed(why.to_string()))?;
    numbered(&batch).map_err(|why| failed(why.to_string()))
}
