//! The reader of the text files in `tests/cases`; cases.rs says what they look like.

use super::support::Table;
use serde_json::Value as Json;
use std::path::Path;

pub struct Case {
    pub name: String,
    pub query: String,
    pub expectation: String,
    #[allow(dead_code)] // coverage.rs looks at queries only
    pub rows: Vec<String>,
}

#[derive(Default)]
pub struct File {
    pub tables: Vec<Table>,
    pub cases: Vec<Case>,
}

pub fn read(path: &Path) -> File {
    let text = std::fs::read_to_string(path).unwrap();
    let mut file = File::default();
    let mut lines = text.lines().filter(|line| !line.starts_with("## ")).peekable();
    while let Some(line) = lines.next() {
        if let Some(name) = line.strip_prefix("dataset ").filter(|name| !name.contains('=')) {
            let mut table = Table { name: name.trim().to_owned(), ..Table::default() };
            let header = lines.next().unwrap();
            table.columns = header
                .split(", ")
                .map(|column| column.split_once(": ").map(|(n, t)| (n.into(), t.trim().into())).unwrap())
                .collect();
            while let Some(row) = lines.next_if(|line| !line.trim().is_empty()) {
                let row = cells(row);
                assert_eq!(row.len(), table.columns.len(), "{}: {row:?}", path.display());
                table.rows.push(row);
            }
            file.tables.push(table);
        } else if let Some(name) = line.strip_prefix("case ") {
            let mut query = Vec::new();
            let mut expectation = String::new();
            for line in lines.by_ref() {
                if let Some(rest) = line.strip_prefix("=>") {
                    expectation = rest.trim().to_owned();
                    break;
                }
                query.push(line);
            }
            let mut rows = Vec::new();
            while let Some(row) = lines.next_if(|line| !line.trim().is_empty()) {
                rows.push(row.to_owned());
            }
            file.cases.push(Case { name: name.to_owned(), query: query.join("\n"), expectation, rows });
        } else if let Some(value) = line.strip_prefix("value ") {
            file.cases.push(of_value(value));
        } else {
            assert!(line.trim().is_empty(), "{}: {line}", path.display());
        }
    }
    file
}

/// `expression => type: value`, or `expression => error …`
fn of_value(line: &str) -> Case {
    let (expression, result) = line.rsplit_once(" => ").unwrap();
    let query = format!("dataset = one | alter r = {expression} | fields r");
    let (expectation, rows) = match result.split_once(": ") {
        Some((name, value)) if !name.starts_with("error") => {
            (String::new(), vec![format!("r: {name}"), value.to_owned()])
        }
        _ => (result.to_owned(), Vec::new()),
    };
    Case { name: expression.to_owned(), query, expectation, rows }
}

pub fn cells(row: &str) -> Vec<Json> {
    row.split(" | ")
        .map(|cell| serde_json::from_str(cell.trim()).unwrap_or_else(|_| Json::from(cell.trim())))
        .collect()
}
