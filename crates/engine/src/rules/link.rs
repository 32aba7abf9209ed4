//! Files put together: calls become the stages they stand for.

use super::{Pipeline, RuleFileInfo, RuleSet, Section};
use crate::datamodel::fields_read;
use datafusion::scalar::ScalarValue;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use vedette_xql::ast::{Assignment, Expr, ExprKind, Name, Span, Stage, StageKind};
use vedette_xql::rules::{RuleFile, SectionKind, Statement, Step, parse_rules};
use vedette_xql::{Diagnostic, codes};

/// Rules that call one another.
const DEEPEST: usize = 10;

/// The name of the file that is wrong, and what is wrong with it.
type Wrong = (String, Vec<Diagnostic>);

struct All<'a> {
    rules: HashMap<&'a str, &'a [Statement]>,
    constants: Arc<HashMap<String, ScalarValue>>,
}

pub(super) fn link(texts: &BTreeMap<String, String>) -> Result<RuleSet, Wrong> {
    let mut files: Vec<(&str, &str, RuleFile)> = Vec::new();
    for (name, text) in texts {
        let file = parse_rules(text);
        let errors: Vec<Diagnostic> =
            file.diagnostics.iter().filter(|found| found.is_error()).cloned().collect();
        if !errors.is_empty() {
            return Err((name.clone(), errors));
        }
        files.push((name, text, file));
    }
    let all = together(&files)?;
    let mut set = RuleSet::default();
    for (name, text, file) in &files {
        let info = info(name, text, file);
        read(name, file, &all, &mut set).map_err(|why| ((*name).to_owned(), vec![why]))?;
        set.files.insert((*name).to_owned(), ((*text).to_owned(), info));
    }
    Ok(set)
}

fn together<'a>(files: &'a [(&str, &str, RuleFile)]) -> Result<All<'a>, Wrong> {
    let (mut rules, mut constants) = (HashMap::new(), HashMap::new());
    for (file, _, parsed) in files {
        for section in &parsed.sections {
            if let Some(name) = &section.name
                && rules.insert(name.name.as_str(), section.statements.as_slice()).is_some()
            {
                let message = format!("another file has the rule `{}` too", name.text);
                let error = Diagnostic::error(codes::BAD_SECTION, name.span, message);
                return Err(((*file).to_owned(), vec![error]));
            }
            for (name, value) in &section.constants {
                constants.insert(name.name.clone(), super::constant(&value.text));
            }
        }
    }
    Ok(All { rules, constants: Arc::new(constants) })
}

fn info(name: &str, text: &str, file: &RuleFile) -> RuleFileInfo {
    let of = |kind: SectionKind| {
        let sections = file.sections.iter().filter(move |section| section.kind == kind);
        sections.filter_map(dataset).collect::<Vec<String>>()
    };
    let mut shaped = of(SectionKind::Ingest);
    shaped.extend(of(SectionKind::Collect));
    shaped.sort();
    shaped.dedup();
    RuleFileInfo {
        name: name.to_owned(),
        bytes: text.len() as u64,
        models: of(SectionKind::Model),
        ingests: shaped,
        rules: file.sections.iter().filter_map(|section| Some(section.name.as_ref()?.text.clone())).collect(),
    }
}

/// The dataset of a section, in lower case: `<vendor>_<product>_raw` where the head names none.
fn dataset(section: &vedette_xql::rules::Section) -> Option<String> {
    let of = |key: &str| section.setting(key).map(|value| value.text.to_lowercase());
    let own = if section.kind == SectionKind::Model { of("dataset") } else { of("target_dataset") };
    own.or_else(|| Some(format!("{}_{}_raw", of("vendor")?, of("product")?)))
}

fn read(file: &str, parsed: &RuleFile, all: &All<'_>, set: &mut RuleSet) -> Result<(), Diagnostic> {
    for section in &parsed.sections {
        let list = match section.kind {
            SectionKind::Model => &mut set.models,
            SectionKind::Ingest => &mut set.ingests,
            // Collectors are not apart from the server here: their rules come first.
            SectionKind::Collect => &mut set.collects,
            // Rules and constants are where they are used.
            _ => continue,
        };
        let Some(dataset) = dataset(section) else { continue };
        // Sections INGEST for one dataset stand side by side, as statements do.
        if section.kind == SectionKind::Model
            && let Some(other) = list.iter().find(|other| other.dataset == dataset)
        {
            let message = format!("the file `{}` has a section MODEL for `{dataset}` already", other.file);
            return Err(Diagnostic::error(codes::BAD_SECTION, section.span, message));
        }
        let keep = section.setting("no_hit").is_none_or(|value| !value.text.eq_ignore_ascii_case("drop"));
        let pipelines =
            section.statements.iter().map(|one| pipeline(one, all)).collect::<Result<Vec<_>, _>>()?;
        list.push(Section { dataset, file: file.to_owned(), pipelines, keep });
    }
    Ok(())
}

fn pipeline(statement: &Statement, all: &All<'_>) -> Result<Pipeline, Diagnostic> {
    let mut stages = Vec::new();
    let mut case_sensitive = None;
    expand(statement, all, 0, &mut stages, &mut case_sensitive)?;
    let fields = fields_read(&stages);
    Ok(Pipeline { stages, fields, constants: all.constants.clone(), case_sensitive })
}

/// The stages of a statement, those of the rules it calls in their places.
fn expand(
    statement: &Statement,
    all: &All<'_>,
    depth: usize,
    stages: &mut Vec<Stage>,
    case_sensitive: &mut Option<bool>,
) -> Result<(), Diagnostic> {
    if depth > DEEPEST {
        let message = format!("rules call one another more than {DEEPEST} deep here");
        return Err(Diagnostic::error(codes::NESTED_TOO_DEEPLY, statement.span, message));
    }
    check_names(statement, all)?;
    *case_sensitive = statement.config.case_sensitive.or(*case_sensitive);
    for step in &statement.steps {
        match step {
            Step::Stage(stage) => {
                check_stage(stage)?;
                stages.push(stage.clone());
            }
            Step::Drop(condition) => stages.push(unless(condition)),
            Step::Call(name) => {
                for inner in all.rules.get(name.name.as_str()).copied().unwrap_or_default() {
                    expand(inner, all, depth + 1, stages, case_sensitive)
                        .map_err(|why| within(name, &why))?;
                }
            }
        }
    }
    Ok(())
}

/// A mistake in a called rule, told where it is called.
fn within(call: &Name, why: &Diagnostic) -> Diagnostic {
    let message = match why.message.starts_with("the rule") {
        true => why.message.clone(),
        false => format!("the rule `{}`: {}", call.text, why.message),
    };
    Diagnostic::error(why.code, call.span, message)
}

fn check_names(statement: &Statement, all: &All<'_>) -> Result<(), Diagnostic> {
    if let Some(name) = statement.calls.iter().find(|name| !all.rules.contains_key(name.name.as_str())) {
        let message = format!("no file has a rule `{}`", name.text);
        return Err(Diagnostic::error(codes::UNKNOWN_LIBRARY_QUERY, name.span, message));
    }
    if let Some(name) = statement.parameters.iter().find(|name| !all.constants.contains_key(&name.name)) {
        let message = format!("no section CONST sets ${}", name.text);
        return Err(Diagnostic::error(codes::MISSING_PARAMETER, name.span, message));
    }
    let stages = statement.steps.iter().filter(|step| matches!(step, Step::Call(_))).count();
    match statement.calls.get(stages) {
        None => Ok(()),
        Some(call) => {
            let message = "the value of a rule does not run in this version yet";
            Err(Diagnostic::error(codes::SYNTAX_NOT_SUPPORTED, call.span, message)
                .with_help("call the rule as a stage: | call name"))
        }
    }
}

/// Rules look at one row at a time.
fn check_stage(stage: &Stage) -> Result<(), Diagnostic> {
    let own = |sets: &[Assignment]| sets.iter().any(|set| set.target.name == "_id");
    match &stage.kind {
        StageKind::Alter(sets) if own(sets) => {
            let message = "`_id` is given by Vedette and cannot be set";
            Err(Diagnostic::error(codes::BAD_ARGUMENT, stage.span, message))
        }
        StageKind::Alter(_)
        | StageKind::Filter(_)
        | StageKind::Fields(_)
        | StageKind::ArrayExpand { .. }
        | StageKind::Bin { .. }
        | StageKind::IpLoc(_)
        | StageKind::GetRole { .. }
        | StageKind::Join(_)
        | StageKind::ReplaceNull(_)
        | StageKind::Tag(_) => Ok(()),
        _ => {
            let message = "a rule looks at one row at a time, and this stage needs them all";
            Err(Diagnostic::error(codes::STAGE_NOT_SUPPORTED, stage.span, message)
                .with_help("rules have filter, alter, fields, join, arrayexpand, replacenull, drop and call"))
        }
    }
}

/// `drop condition`: the rows for which it does not hold, also where it is null.
fn unless(condition: &Expr) -> Stage {
    let span: Span = condition.span;
    let truth = |yes| Expr { kind: ExprKind::Bool(yes), span };
    let function = Name { name: "if".into(), text: "if".into(), span };
    let args = vec![condition.clone(), truth(false), truth(true)];
    Stage { kind: StageKind::Filter(Expr { kind: ExprKind::Call { function, args }, span }), span }
}
