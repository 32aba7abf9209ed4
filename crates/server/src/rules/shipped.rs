//! The rules that come with Vedette, and the form of rule files: TOML, one rule a file, with the tests
//! that prove it.

use super::examples::Example;
use super::rule::Rule;
use toml::{Table, Value};

/// A rule file.
#[derive(Clone, Debug, PartialEq)]
pub struct Shipped {
    /// Name of the file.
    pub file: String,
    pub rule: Rule,
    /// Whether it runs unless somebody says otherwise.
    pub enabled: bool,
    pub examples: Vec<Example>,
}

macro_rules! files {
    ($($name:literal),* $(,)?) => {
        /// Name and text of every file in `rules/`.
        pub const FILES: &[(&str, &str)] = &[$(($name, include_str!(concat!("../../../../rules/", $name)))),*];
    };
}

files! {
    "approved-scanner-outside-calendar.toml",
    "failed-connections.toml",
    "host-sweep.toml",
    "internal-scans-firewall.toml",
    "internal-scans-sensors.toml",
    "known-scan-names.toml",
    "many-discovery-commands.toml",
    "new-listener-after-scan.toml",
    "port-scan-by-endpoint.toml",
    "scanner-over-days.toml",
    "scanner-seen-by-firewall-only.toml",
    "scanner-seen-by-sensors-only.toml",
    "used-after-scan.toml",
    "windows-services-from-public-addresses.toml",
}

/// The shipped rules. One that cannot be read would be our mistake: it is said in the log, and the
/// tests find it first.
pub fn all() -> Vec<Shipped> {
    let read = FILES.iter().filter_map(|(file, text)| match parse(file, text) {
        Ok(shipped) => Some(shipped),
        Err(why) => {
            tracing::error!(file, why, "a rule that came with Vedette cannot be read; please report this");
            None
        }
    });
    read.collect()
}

/// Reads a rule file. The error says where and what.
pub fn parse(file: &str, text: &str) -> Result<Shipped, String> {
    let wrong = |why: &dyn std::fmt::Display| format!("{file}: {}", why.to_string().trim_end());
    let mut table: Table = text.parse().map_err(|error: toml::de::Error| wrong(&error))?;
    let enabled = match table.remove("enabled") {
        None => true,
        Some(Value::Boolean(enabled)) => enabled,
        Some(_) => return Err(wrong(&"enabled: it is true or false")),
    };
    let examples = match table.remove("tests") {
        None => Vec::new(),
        Some(tests) => tests.try_into().map_err(|error| wrong(&format!("tests: {error}")))?,
    };
    let rule = Value::Table(table).try_into().map_err(|error| wrong(&error))?;
    Ok(Shipped { file: file.to_owned(), rule, enabled, examples })
}

/// A rule as a file, without tests.
pub fn write(rule: &Rule, enabled: bool) -> Result<String, String> {
    let mut table = Table::try_from(rule).map_err(|error| error.to_string())?;
    let empty = |value: &Value| match value {
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::Table(table) => {
            table.values().all(|value| matches!(value, Value::Array(items) if items.is_empty()))
        }
        _ => false,
    };
    table.retain(|_, value| !empty(value));
    if !enabled {
        table.insert("enabled".to_owned(), Value::Boolean(false));
    }
    toml::to_string_pretty(&table).map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use std::collections::BTreeSet;

    const FILE: &str = r#"
        name = "R"
        query = 'dataset = xdr_data'
        schedule = "10 minutes"
        enabled = false

        [alert_fields]
        source_ips = "a"

        [[tests]]
        name = "nothing"
        rows = [{ dataset = "xdr_data", target_port = 22 }]
    "#;

    #[test]
    fn a_file_is_read_and_written() {
        let shipped = parse("r.toml", FILE).unwrap();
        assert!(!shipped.enabled && shipped.examples.len() == 1 && shipped.rule.severity == "medium");
        let again = parse("r.toml", &write(&shipped.rule, false).unwrap()).unwrap();
        assert_eq!((again.rule, again.enabled), (shipped.rule, false));
    }

    #[test]
    fn mistakes_name_the_file_and_the_field() {
        for (text, word) in [
            ("name = ", "line 1"),
            ("name = 'a'\nquery = 'b'\ncolour = 'red'", "colour"),
            ("query = 'b'", "name"),
            ("name = 'a'\nquery = 'b'\nenabled = 'yes'", "enabled"),
            ("name = 'a'\nquery = 'b'\ntests = 5", "tests"),
        ] {
            let error = parse("r.toml", text).unwrap_err();
            assert!(error.starts_with("r.toml: ") && error.contains(word), "{error}");
        }
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn every_shipped_rule_is_right_and_proves_itself() {
        let engine = super::super::examples::engine(std::collections::BTreeMap::new()).unwrap();
        let mut wrong = Vec::new();
        for (file, text) in FILES {
            let shipped = parse(file, text).unwrap();
            let verdict =
                super::super::check::check_with(&shipped.rule, &engine, vedette_event::Time(0)).await;
            if !verdict.is_fine() {
                let found: Vec<_> = verdict.diagnostics.iter().map(|one| &one.message).collect();
                wrong.push(format!("{file}: {:?} {found:?}", verdict.mistakes));
                continue;
            }
            assert!(shipped.rule.description.len() > 100 && !shipped.rule.mitre.tactics.is_empty(), "{file}");
            assert!(shipped.examples.iter().any(|one| !one.expect.is_empty()), "{file} never fires");
            for example in &shipped.examples {
                if let Err(why) = super::super::examples::run(&shipped.rule, example).await {
                    wrong.push(format!("{file}, test {:?}: {why}", example.name));
                }
            }
        }
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    }

    /// The page is made from the files; `UPDATE=1` writes it.
    #[test]
    fn the_page_of_the_shipped_rules_is_current() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/shipped-rules.md");
        let mut page = "# The rules that come with Vedette\n\nMade from the files in `rules/`, where the queries and their \
                        tests are; docs/rules.md says how rules work.\n"
            .to_owned();
        for one in all() {
            let rule = &one.rule;
            let when = match (rule.mode, rule.search_window.is_empty()) {
                (super::super::rule::Mode::RealTime, _) => "as rows arrive".to_owned(),
                (_, true) => format!("`{}`", rule.schedule),
                (_, false) => format!("`{}`, looking back {}", rule.schedule, rule.search_window),
            };
            let quiet = match rule.suppress_for.is_empty() {
                true => String::new(),
                false => format!("; quiet for {} by {}", rule.suppress_for, rule.suppress_by.join(", ")),
            };
            let severity = match Rule::field_of(&rule.severity) {
                Some(field) => format!("by the row's {field}"),
                None => rule.severity.clone(),
            };
            let attack = [rule.mitre.tactics.join(", "), rule.mitre.techniques.join(", ")].join("; ");
            page += &format!(
                "\n## {}\n\n{}\n\nRuns {when}{quiet}. Severity {severity}. {attack}. `rules/{}`{}\n",
                rule.name,
                rule.description.trim(),
                one.file,
                if one.enabled { "" } else { ", switched off" },
            );
        }
        if std::env::var_os("UPDATE").is_some() {
            std::fs::write(path, &page).unwrap();
        }
        let written = std::fs::read_to_string(path).unwrap_or_default();
        assert!(
            written == page,
            "docs/shipped-rules.md is not what the files say: run this test with UPDATE=1"
        );
    }

    #[test]
    fn every_file_of_the_folder_is_shipped() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../rules");
        let there: BTreeSet<String> = std::fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .filter(|name| name.ends_with(".toml"))
            .collect();
        let named: BTreeSet<String> = FILES.iter().map(|(name, _)| (*name).to_owned()).collect();
        assert_eq!(there, named);
    }
}
