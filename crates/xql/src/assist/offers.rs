//! What each place of each stage can hold.

use super::complete::{Completion, ItemKind};
use super::enums::ENUMS;
use super::place::{Open, Place};
use super::words::{OPERATORS, VALUES, Word, meaning};
use crate::catalog::Catalog;
use crate::flow::{FlowField, Origin};
use crate::functions::{self, Function, Kind, Type};
use crate::stages::settings::{self, StageSetting};
use crate::stages::{self, Place as Stands, StageInfo, iploc, view};
use crate::syntax::SyntaxKind::*;

pub(super) struct Offers<'p> {
    place: &'p Place<'p>,
    catalog: &'p Catalog,
    items: Vec<Completion>,
}

impl<'p> Offers<'p> {
    /// Everything that could stand at the place, whatever was typed of it.
    pub fn at(place: &'p Place<'p>, catalog: &'p Catalog) -> Vec<Completion> {
        let mut offers = Offers { place, catalog, items: Vec::new() };
        offers.collect();
        offers.items
    }

    fn collect(&mut self) {
        let place = self.place;
        if place.in_string.is_some() {
            return self.in_string();
        }
        if place.typed().starts_with(['$', '`']) || place.back_is(0, "as") {
            return;
        }
        if place.at_stage_name() {
            return self.stage_names(place.at_source());
        }
        if place.bracket() == Some(Open::Inner) && place.back(0).0 == LParen {
            return self.stage_names(true);
        }
        let Some(info) = place.stage() else { return };
        let sets = place.back(0).0 == Eq && place.bracket().is_none();
        if sets && let Some(setting) = setting(info, place.back(1).1) {
            return self.setting_values(info, setting);
        }
        self.in_stage(info);
    }

    fn in_stage(&mut self, info: &StageInfo) {
        let place = self.place;
        // The word of the stage, or a comma, stands before: a list goes on here.
        let item = place.back_is(0, info.name) || place.back(0).0 == Comma && place.bracket().is_none();
        match info.name {
            "config" => self.config(),
            "dataset" | "preset" | "cold_dataset" | "datamodel" => self.source(info.name),
            "search" => self.keywords(&["dataset"]),
            "filter" => self.expression(),
            "alter" | "replacenull" if item => self.fields(" = "),
            "alter" | "replacenull" => self.expression(),
            "comp" => self.comp(item),
            "windowcomp" => self.windowcomp(item),
            "fields" if item || place.back(0).0 == Minus => {
                self.fields("");
                let sets = self.catalog.fieldsets.iter();
                let sets: Vec<String> = sets.map(|name| format!("fieldset.{name}")).collect();
                sets.iter().for_each(|name| self.plain(name, ItemKind::Value, "a set of fields", name));
            }
            "fields" => self.keywords(&["as"]),
            "sort" if item => self.keywords(&["asc", "desc"]),
            "sort" => self.fields(""),
            "dedup" => self.dedup(item),
            "arrayexpand" | "bin" | "getrole" | "iploc" | "top" if item => self.fields(""),
            "arrayexpand" => self.keywords(&["limit"]),
            "getrole" => self.keywords(&["as"]),
            "iploc" => {
                let columns = iploc::COLUMNS;
                columns.iter().for_each(|name| self.plain(name, ItemKind::Value, "string", name));
                self.setting_names(info);
            }
            "top" => self.top(),
            "join" => self.join(info),
            "tag" => self.keywords(&["add"]),
            "union" if item => self.datasets(),
            "transaction" if place.has_setting_word("startswith", "endswith") => {
                self.expression();
                self.setting_names(info);
            }
            "transaction" if item => self.fields(""),
            "view" => self.view(),
            "bin" | "target" | "transaction" => self.setting_names(info),
            _ => {}
        }
    }

    // Stages and sources

    fn stage_names(&mut self, source: bool) {
        let outermost = self.place.at_outermost();
        for info in stages::STAGES {
            let fits = match info.place {
                Stands::Pipe => !source || outermost,
                Stands::Source | Stands::Config => source,
            };
            if fits {
                let insert = match info.name {
                    "dataset" | "preset" | "cold_dataset" => format!("{} = ", info.name),
                    name => format!("{name} "),
                };
                self.push(info.name, ItemKind::Stage, info.form, info.doc, insert);
            }
        }
    }

    fn config(&mut self) {
        if self.place.back_is(0, "timeframe") {
            return self.keywords(&["between"]);
        }
        if let Some(info) = stages::find("config") {
            self.setting_names(info);
        }
    }

    fn source(&mut self, word: &str) {
        let place = self.place;
        let named = place.back(0).0 == Eq || place.bracket() == Some(Open::List);
        match word {
            _ if named && word == "preset" => {
                for preset in &self.catalog.presets {
                    let doc = format!("A part of {}.", preset.dataset);
                    self.push(&preset.name, ItemKind::Dataset, "preset", &doc, preset.name.clone());
                }
            }
            _ if named => self.datasets(),
            "datamodel" if place.back_is(0, "datamodel") => self.keywords(&["dataset"]),
            _ => self.keywords(&["in"]),
        }
    }

    fn datasets(&mut self) {
        for dataset in &self.catalog.datasets {
            let detail = format!("{} fields", dataset.fields.len());
            self.push(&dataset.name, ItemKind::Dataset, &detail, &dataset.doc, dataset.name.clone());
        }
    }

    // Stages with lists

    fn comp(&mut self, item: bool) {
        let place = self.place;
        if place.bracket().is_some() {
            self.expression();
        } else if place.has_word("by") {
            if item || place.back_is(0, "by") {
                self.fields("");
                self.keywords(&["asc", "desc"]);
            } else if place.back_is(0, "asc") || place.back_is(0, "desc") {
                self.fields("");
            } else if let Some(info) = stages::find("comp") {
                self.setting_names(info);
            }
        } else if item {
            self.functions(|function| function.kind.is_aggregate());
        } else {
            self.keywords(&["as", "by"]);
        }
    }

    fn windowcomp(&mut self, item: bool) {
        let place = self.place;
        let after = |words: &[&str]| words.iter().any(|word| place.back_is(0, word));
        if place.bracket().is_some() {
            return self.expression();
        }
        if item {
            self.functions(|function| matches!(function.kind, Kind::Window | Kind::AggregateOrWindow));
        }
        if after(&["by", "asc", "desc"]) || item && place.has_word("by") {
            self.fields("");
        } else if after(&["sort"]) {
            self.keywords(&["asc", "desc"]);
            self.fields("");
        } else if after(&["between"]) {
            self.keywords(&["null"]);
        } else if !item {
            self.keywords(&["by", "sort", "between", "as"]);
            if let Some(info) = stages::find("windowcomp") {
                self.setting_names(info);
            }
        }
    }

    fn dedup(&mut self, item: bool) {
        let place = self.place;
        let by = place.has_word("by");
        if place.back_is(0, "by") || by && item {
            self.keywords(&["asc", "desc"]);
        } else if item || place.back_is(0, "asc") || place.back_is(0, "desc") {
            self.fields("");
        } else if !by {
            self.keywords(&["by"]);
        }
    }

    fn top(&mut self) {
        let place = self.place;
        if place.back(0).0 == Int || place.back_is(0, "by") || place.back(0).0 == Comma {
            self.fields("");
        } else {
            self.keywords(&["by", "as"]);
        }
        for name in ["top_count", "top_percent"] {
            self.plain(name, ItemKind::Value, "a figure of top", name);
        }
    }

    fn join(&mut self, info: &StageInfo) {
        let place = self.place;
        if place.has_word("as") {
            self.expression();
        } else if place.back(0).0 == RParen {
            self.keywords(&["as"]);
        } else {
            self.setting_names(info);
        }
    }

    fn view(&mut self) {
        if self.place.back_is(0, "view") {
            return self.keywords(&["graph", "highlight", "column order ="]);
        }
        if self.place.has_word("highlight") {
            return ["fields", "values"]
                .iter()
                .for_each(|name| self.plain(name, ItemKind::Setting, "", &format!("{name} = ")));
        }
        if self.place.back_is(0, "column") {
            return self.keywords(&["order ="]);
        }
        for name in view::PARAMETERS {
            let doc = setting_of("view", name).map_or("", |setting| setting.doc);
            self.push(name, ItemKind::Setting, "", doc, format!("{name} = "));
        }
    }

    // Settings

    fn setting_names(&mut self, info: &StageInfo) {
        for setting in settings::of(info.name) {
            let detail = setting.values.join(", ");
            self.push(setting.name, ItemKind::Setting, &detail, setting.doc, format!("{} = ", setting.name));
        }
    }

    fn setting_values(&mut self, info: &StageInfo, setting: &StageSetting) {
        match (info.name, setting.name) {
            ("transaction", "startswith" | "endswith") => self.expression(),
            ("view", "xaxis" | "yaxis" | "series" | "fields") => self.fields(""),
            _ => {
                setting.values.iter().for_each(|value| self.plain(value, ItemKind::Value, setting.doc, value))
            }
        }
    }

    // Expressions

    fn expression(&mut self) {
        let place = self.place;
        let (kind, before) = place.back(0);
        if kind == Arrow || place.back_is(0, "in") {
            return;
        }
        if let Some((Type::Choice(choices), _)) = self.parameter()
            && matches!(kind, LParen | Comma)
        {
            let quoted = choices.iter().map(|choice| format!("\"{choice}\""));
            quoted.for_each(|choice| self.plain(&choice, ItemKind::Value, "", &choice));
            return;
        }
        if place.bracket() == Some(Open::List) && kind == LParen {
            self.stage_names(true);
        }
        if self.value_expected() {
            self.values();
        }
        if !self.value_expected() || before.eq_ignore_ascii_case("not") {
            OPERATORS.iter().for_each(|word| self.word(word));
            self.keywords_of_stage();
        }
    }

    /// Does an operator, a bracket or a comma stand before, so that a value must follow?
    fn value_expected(&self) -> bool {
        const BEFORE: [&str; 12] = [
            "and", "or", "not", "contains", "incidr", "incidr6", "by", "sort", "filter", "alter", "comp",
            "asc",
        ];
        match self.place.back(0) {
            (Ident, text) => {
                let alias =
                    self.place.back_is(1, "as") && self.place.stage().is_some_and(|one| one.name == "join");
                alias || BEFORE.iter().any(|word| word.eq_ignore_ascii_case(text))
            }
            (RParen | Str | TripleStr | Int | Float | QuotedIdent | Param | RBracket | RBrace, _) => false,
            _ => true,
        }
    }

    fn values(&mut self) {
        self.fields("");
        if let Some((Type::Condition, _)) = self.parameter() {
            let doc = "The element of the array that is looked at.";
            self.push(
                functions::ELEMENT,
                ItemKind::Value,
                "loop variable",
                doc,
                format!("\"{}\"", functions::ELEMENT),
            );
        }
        self.functions(|function| function.kind == Kind::Scalar);
        VALUES.iter().for_each(|word| self.word(word));
        self.constants();
    }

    /// Behind `ENUM.` the constants, and before it the word itself.
    fn constants(&mut self) {
        let typed = self.place.typed().to_lowercase();
        let all = |prefix: &str, names: &mut dyn Iterator<Item = String>, offers: &mut Self| {
            if typed.starts_with(&prefix.to_lowercase()) {
                names.for_each(|name| offers.plain(&name, ItemKind::Value, "constant", &name));
            } else {
                offers.plain(prefix, ItemKind::Keyword, "constants", prefix);
            }
        };
        all("ENUM.", &mut ENUMS.iter().map(|name| format!("ENUM.{name}")), self);
        let aliases = &self.catalog.aliases;
        if !aliases.is_empty() {
            all("XDM_ALIAS.", &mut aliases.iter().map(|name| format!("XDM_ALIAS.{name}")), self);
        }
    }

    /// The type that the function around wants here, and the function.
    fn parameter(&self) -> Option<(Type, &'static Function)> {
        let (function, at) = self.place.call()?;
        Some((function.param(at)?.ty, function))
    }

    /// What may follow a whole expression.
    fn keywords_of_stage(&mut self) {
        if self.place.bracket().is_none() && self.place.stage().is_some_and(|info| info.name == "comp") {
            self.keywords(&["as", "by"]);
        }
    }

    fn in_string(&mut self) {
        if let Some((Type::Choice(choices), _)) = self.parameter() {
            return choices.iter().for_each(|choice| self.plain(choice, ItemKind::Value, "", choice));
        }
        match self.place.stage().map(|info| info.name) {
            Some("call") => {
                let names = &self.catalog.library;
                names.iter().for_each(|name| self.plain(name, ItemKind::Value, "library query", name));
            }
            Some("dataset" | "cold_dataset" | "datamodel") => self.datasets(),
            _ => {}
        }
    }

    // Items

    fn fields(&mut self, behind: &str) {
        for field in self.place.fields(self.catalog).iter() {
            let name = quoted(&field.name);
            self.push(
                &field.name,
                ItemKind::Field,
                &field.ty,
                &doc_of(field, self.place),
                format!("{name}{behind}"),
            );
        }
    }

    fn functions(&mut self, fits: impl Fn(&Function) -> bool) {
        for function in functions::FUNCTIONS.iter().filter(|function| fits(function)) {
            let brackets = if function.params.is_empty() { "()" } else { "(" };
            let insert = format!("{}{brackets}", function.name);
            self.push(function.name, ItemKind::Function, &function.signature(), function.doc, insert);
        }
    }

    fn keywords(&mut self, words: &[&str]) {
        for word in words {
            let doc = meaning(word).map_or("", |word| word.doc);
            self.push(word, ItemKind::Keyword, "", doc, format!("{word} "));
        }
    }

    fn word(&mut self, word: &Word) {
        self.push(word.name, ItemKind::Keyword, "", word.doc, format!("{} ", word.name));
    }

    fn plain(&mut self, label: &str, kind: ItemKind, detail: &str, insert: &str) {
        self.push(label, kind, detail, "", insert.to_owned());
    }

    fn push(&mut self, label: &str, kind: ItemKind, detail: &str, doc: &str, insert: String) {
        let (label, detail, doc) = (label.to_owned(), detail.to_owned(), doc.to_owned());
        self.items.push(Completion { label, kind, detail, doc, insert });
    }
}

/// The setting of a stage.
fn setting(info: &StageInfo, word: &str) -> Option<&'static StageSetting> {
    setting_of(info.name, word)
}

pub(super) fn setting_of(stage: &str, word: &str) -> Option<&'static StageSetting> {
    settings::of(stage).iter().find(|setting| setting.name.eq_ignore_ascii_case(word))
}

/// A name as it is written: in back-quotes where it needs them.
fn quoted(name: &str) -> String {
    let plain = name.chars().all(|c| c.is_alphanumeric() || c == '_' || c == '.');
    if plain && !stages::is_stage(name) { name.to_owned() } else { format!("`{name}`") }
}

/// What a field is: the words of its dataset, or the stage that makes it.
pub(super) fn doc_of(field: &FlowField, place: &Place<'_>) -> String {
    match &field.origin {
        Origin::Dataset(name) if name.is_empty() => field.doc.clone(),
        Origin::Dataset(name) => format!("{} ({name})", field.doc).trim_start().to_owned(),
        Origin::Stage(span) => format!("Made here: {}", crate::lexer::clip(place.piece(*span))),
    }
}
