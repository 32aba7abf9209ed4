//! Files of rules that users keep beside their data (`.xif`): sections `MODEL` make a dataset of theirs
//! part of the data model, sections `COLLECT` and `INGEST` shape its rows as they come in.
//!
//! A file is taken when everything in it can be read and every rule and constant it names is there, in
//! it or in another file. What is wrong changes nothing.

mod link;
mod shape;

use crate::expr::Typed;
use crate::plan::{Context, Rows};
use crate::{QueryError, datamodel, stages};
use datafusion::scalar::ScalarValue;
use parking_lot::{Mutex, RwLock};
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use vedette_xql::Diagnostic;
use vedette_xql::ast::Stage;

pub(crate) use shape::import;

/// Bytes of one file; the most that is read of a query.
pub const RULE_FILE_BYTES: usize = vedette_xql::MAX_QUERY_BYTES;

/// Why a file of rules was not taken.
#[derive(Debug, thiserror::Error)]
pub enum RuleFileError {
    #[error("`{0}` is no name for a file of rules: it takes 1 to 100 letters, digits and underscores")]
    Name(String),
    /// In the file itself, or in another one that needs what this one had.
    #[error("the rules are wrong")]
    Wrong { file: String, text: String, diagnostics: Vec<Diagnostic> },
    #[error("{path}: {source}")]
    Io { path: String, source: std::io::Error },
}

/// A file as lists show it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RuleFileInfo {
    pub name: String,
    pub bytes: u64,
    /// Datasets that it makes part of the data model.
    pub models: Vec<String>,
    /// Datasets whose rows it shapes, in sections `COLLECT` and `INGEST`.
    pub ingests: Vec<String>,
    /// Rules that others call.
    pub rules: Vec<String>,
}

/// Stages that rows go through, with what they name.
pub(crate) struct Pipeline {
    stages: Vec<Stage>,
    /// Fields they read: null where the rows do not have them.
    fields: BTreeSet<String>,
    constants: Arc<HashMap<String, ScalarValue>>,
    case_sensitive: Option<bool>,
}

impl Pipeline {
    /// The rows behind the stages.
    pub(crate) fn apply(&self, context: &Context, rows: Rows) -> Result<Rows, QueryError> {
        let mut context = context.clone();
        context.parameters = self.constants.clone();
        context.case_sensitive = self.case_sensitive.unwrap_or(context.case_sensitive);
        // Their places are in another text.
        context.warnings = Arc::default();
        let rows = datamodel::with_fields(rows, &self.fields)?;
        self.stages.iter().try_fold(rows, |rows, stage| stages::apply(&context, rows, stage))
    }
}

/// The pipelines of one section, side by side: a row may go through several.
pub(crate) struct Section {
    /// Lower case.
    pub dataset: String,
    pub file: String,
    pub pipelines: Vec<Pipeline>,
    /// `no_hit = keep`: what no pipeline lets through stays as it came.
    pub keep: bool,
}

/// All files at one moment.
#[derive(Default)]
pub struct RuleSet {
    files: BTreeMap<String, (String, RuleFileInfo)>,
    models: Vec<Section>,
    collects: Vec<Section>,
    ingests: Vec<Section>,
}

impl RuleSet {
    pub(crate) fn model(&self, dataset: &str) -> Option<&Section> {
        self.models.iter().find(|section| section.dataset == dataset)
    }

    pub(crate) fn modelled(&self) -> impl Iterator<Item = &str> {
        self.models.iter().map(|section| section.dataset.as_str())
    }

    /// Stages that make fields of the model, for completion.
    pub(crate) fn model_stages(&self, dataset: &str) -> impl Iterator<Item = &Stage> {
        let section = self.model(dataset);
        section.into_iter().flat_map(|section| &section.pipelines).flat_map(|pipeline| &pipeline.stages)
    }

    /// What rows go through before they are stored, step by step: what a collector would leave out or
    /// change, then what gives them their form.
    pub(crate) fn on_the_way(&self, dataset: &str) -> Vec<Vec<&Section>> {
        let steps = [&self.collects, &self.ingests].into_iter();
        let own =
            steps.map(|all| all.iter().filter(|section| section.dataset == dataset).collect::<Vec<_>>());
        own.filter(|sections| !sections.is_empty()).collect()
    }
}

/// The folder of the files. Only one process may have it open.
pub struct RuleFiles {
    dir: PathBuf,
    set: RwLock<Arc<RuleSet>>,
    change: Mutex<()>,
}

impl RuleFiles {
    /// Opens the folder, made when a file is first kept. Files that are wrong are left out and named in the
    /// log: they were right when they were kept.
    pub(crate) fn open(dir: &Path) -> RuleFiles {
        let mut texts = BTreeMap::new();
        for entry in fs::read_dir(dir).into_iter().flatten().filter_map(Result::ok) {
            let name = entry.file_name().into_string().unwrap_or_default();
            let Some(name) = name.strip_suffix(".xif") else { continue };
            match fs::read_to_string(entry.path()) {
                Ok(text) => drop(texts.insert(name.to_owned(), text)),
                Err(error) => tracing::error!(%error, name, "a file of rules cannot be read"),
            }
        }
        let set = loop {
            match link::link(&texts) {
                Ok(set) => break set,
                Err((file, _)) => {
                    tracing::error!(file, "a file of rules is wrong and is left out");
                    if texts.remove(&file).is_none() {
                        break RuleSet::default();
                    }
                }
            }
        };
        RuleFiles { dir: dir.to_owned(), set: RwLock::new(Arc::new(set)), change: Mutex::default() }
    }

    pub fn current(&self) -> Arc<RuleSet> {
        self.set.read().clone()
    }

    pub fn list(&self) -> Vec<RuleFileInfo> {
        self.current().files.values().map(|(_, info)| info.clone()).collect()
    }

    pub fn text(&self, name: &str) -> Option<String> {
        self.current().files.get(&name.to_ascii_lowercase()).map(|(text, _)| text.clone())
    }

    /// What a file would make if it were kept under a name. Changes nothing.
    pub fn check(&self, name: &str, text: &str) -> Result<RuleFileInfo, RuleFileError> {
        let name = check_name(name)?;
        let mut texts = self.texts();
        texts.insert(name.clone(), text.to_owned());
        let info = linked(&texts)?.files.remove(&name).map(|(_, info)| info);
        info.ok_or(RuleFileError::Name(name))
    }

    /// Keeps a file under a name; one that is there is replaced.
    pub fn keep(&self, name: &str, text: &str) -> Result<RuleFileInfo, RuleFileError> {
        let name = check_name(name)?;
        let _change = self.change.lock();
        let mut texts = self.texts();
        texts.insert(name.clone(), text.to_owned());
        let set = linked(&texts)?;
        let path = self.path(&name);
        self.write(&path, text).map_err(io(&path))?;
        let info = set.files.get(&name).map(|(_, info)| info.clone());
        *self.set.write() = Arc::new(set);
        info.ok_or(RuleFileError::Name(name))
    }

    /// Removes a file; false when there was none. Refused while another file needs it.
    pub fn remove(&self, name: &str) -> Result<bool, RuleFileError> {
        let name = name.to_ascii_lowercase();
        let _change = self.change.lock();
        let mut texts = self.texts();
        if texts.remove(&name).is_none() {
            return Ok(false);
        }
        let set = linked(&texts)?;
        let path = self.path(&name);
        fs::remove_file(&path).map_err(io(&path))?;
        *self.set.write() = Arc::new(set);
        Ok(true)
    }

    fn texts(&self) -> BTreeMap<String, String> {
        let set = self.current();
        set.files.iter().map(|(name, (text, _))| (name.clone(), text.clone())).collect()
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.join(format!("{name}.xif"))
    }

    /// Whole or not at all.
    fn write(&self, path: &Path, text: &str) -> std::io::Result<()> {
        fs::create_dir_all(&self.dir)?;
        let temporary = path.with_extension("new");
        let mut file = File::create(&temporary)?;
        file.write_all(text.as_bytes())?;
        file.sync_all()?;
        fs::rename(&temporary, path)?;
        File::open(&self.dir)?.sync_all()
    }
}

fn linked(texts: &BTreeMap<String, String>) -> Result<RuleSet, RuleFileError> {
    link::link(texts).map_err(|(file, diagnostics)| {
        let text = texts.get(&file).cloned().unwrap_or_default();
        RuleFileError::Wrong { file, text, diagnostics }
    })
}

fn io(path: &Path) -> impl FnOnce(std::io::Error) -> RuleFileError + '_ {
    move |source| RuleFileError::Io { path: path.display().to_string(), source }
}

fn check_name(name: &str) -> Result<String, RuleFileError> {
    let lower = name.to_ascii_lowercase();
    let plain = lower.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    match plain && !lower.is_empty() && lower.len() <= 100 {
        true => Ok(lower),
        false => Err(RuleFileError::Name(name.chars().take(100).collect())),
    }
}

/// A constant as queries see it.
fn constant(text: &str) -> ScalarValue {
    Typed::literal(ScalarValue::Utf8(Some(text.to_owned())), vedette_xql::ast::Span::default())
        .value()
        .cloned()
        .unwrap_or(ScalarValue::Null)
}
