//! Results of queries as JSON, NDJSON, CSV, Arrow and Parquet, written while they are sent.

use super::error::ApiError;
use super::query::{Column, Diagnostic, Stats};
use axum::body::{Body, Bytes};
use axum::http::{HeaderValue, header};
use axum::response::Response;
use serde_json::{Value as Json, json};
use std::io::{self, Write};
use tokio::sync::mpsc;
use vedette_engine::QueryResult;
use vedette_event::Value;

/// Bytes sent at a time, and pieces written ahead of a slow client.
const PIECE: usize = 64 * 1024;
const AHEAD: usize = 4;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    Json,
    Ndjson,
    Csv,
    Arrow,
    Parquet,
}

impl Format {
    const ALL: [Format; 5] = [Format::Json, Format::Ndjson, Format::Csv, Format::Arrow, Format::Parquet];

    fn name(self) -> &'static str {
        match self {
            Format::Json => "json",
            Format::Ndjson => "ndjson",
            Format::Csv => "csv",
            Format::Arrow => "arrow",
            Format::Parquet => "parquet",
        }
    }

    fn media_type(self) -> &'static str {
        match self {
            Format::Json => "application/json",
            Format::Ndjson => "application/x-ndjson",
            Format::Csv => "text/csv; charset=utf-8",
            Format::Arrow => "application/vnd.apache.arrow.stream",
            Format::Parquet => "application/vnd.apache.parquet",
        }
    }

    /// By name, else by the first type of `Accept` that is one of ours, else JSON.
    pub fn choose(name: Option<&str>, accept: Option<&str>) -> Result<Format, ApiError> {
        if let Some(name) = name {
            return Format::ALL
                .into_iter()
                .find(|format| format.name() == name)
                .ok_or_else(|| ApiError::bad_request("`format` is json, ndjson, csv, arrow or parquet."));
        }
        let types = accept.unwrap_or_default().split(',');
        let mut plain = types.map(|kind| kind.split(';').next().unwrap_or_default().trim());
        let found = plain.find_map(|kind| {
            Format::ALL.into_iter().find(|format| format.media_type().split(';').next() == Some(kind))
        });
        Ok(found.unwrap_or(Format::Json))
    }
}

/// The answer to a query; the rows are written while they are sent.
pub fn answer(format: Format, result: QueryResult, query: &str) -> Response {
    let cut = result.limit_hit;
    let warnings: Vec<Diagnostic> =
        result.warnings.iter().map(|found| Diagnostic::of(query, found)).collect();
    let body = written_while_sent(move |out| write(format, &result, &warnings, out));
    let mut response = Response::new(body);
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(format.media_type()));
    if cut {
        headers.insert("x-vedette-limit-hit", HeaderValue::from_static("true"));
    }
    if format != Format::Json {
        let name = format!("attachment; filename=\"query.{}\"", format.name());
        if let Ok(value) = HeaderValue::from_str(&name) {
            headers.insert(header::CONTENT_DISPOSITION, value);
        }
    }
    response
}

/// A body whose bytes `write` makes while they are sent, and no faster than the client takes them.
pub fn written_while_sent(write: impl FnOnce(&mut Pieces) -> io::Result<()> + Send + 'static) -> Body {
    let (sender, receiver) = mpsc::channel(AHEAD);
    tokio::task::spawn_blocking(move || {
        let mut out = Pieces { sender, piece: Vec::with_capacity(PIECE) };
        let written = write(&mut out).and_then(|()| out.flush());
        if let Err(error) = written
            && error.kind() != io::ErrorKind::BrokenPipe
        {
            tracing::error!(%error, "the result of a query could not be written");
            let _ = out.sender.blocking_send(Err(error));
        }
    });
    Body::from_stream(tokio_stream::wrappers::ReceiverStream::new(receiver))
}

fn write(format: Format, result: &QueryResult, warnings: &[Diagnostic], out: &mut Pieces) -> io::Result<()> {
    match format {
        Format::Json => write_json(result, warnings, out),
        Format::Ndjson => result.write_ndjson(out),
        Format::Csv => result.write_csv(out),
        Format::Arrow => result.write_arrow_ipc(out),
        Format::Parquet => result.write_parquet(out),
    }
}

fn write_json(result: &QueryResult, warnings: &[Diagnostic], out: &mut Pieces) -> io::Result<()> {
    let columns: Vec<Column> = result
        .columns()
        .iter()
        .map(|column| Column { name: column.name.clone(), r#type: column.type_name.to_owned() })
        .collect();
    let stats = Stats {
        elapsed_ms: u64::try_from(result.stats.elapsed.as_millis()).unwrap_or(u64::MAX),
        rows_scanned: Some(result.stats.rows_scanned),
        bytes_scanned: None,
    };
    write!(out, "{{\"columns\":{},\"rows\":[", json!(columns))?;
    for (index, row) in result.rows().enumerate() {
        if index > 0 {
            out.write_all(b",")?;
        }
        serde_json::to_writer(&mut *out, &row.iter().map(cell).collect::<Vec<Json>>())?;
    }
    let rest = json!({
        "row_count": result.row_count(),
        "limit_hit": result.limit_hit,
        "list_cut": result.list_cut,
        "stats": stats,
        "warnings": warnings,
        "views": result.views,
    });
    let rest = rest.to_string();
    write!(out, "],{}", rest.strip_prefix('{').unwrap_or(&rest))
}

/// A cell as JSON: times as RFC 3339, a float that is not finite as null.
pub fn cell(value: &Value) -> Json {
    match value {
        Value::Null => Json::Null,
        Value::Bool(yes) => json!(yes),
        Value::Int(number) => json!(number),
        Value::Float(number) => json!(number),
        Value::Str(text) => json!(text),
        Value::Time(time) => json!(time),
        Value::List(items) => Json::Array(items.iter().map(cell).collect()),
    }
}

/// A writer whose pieces go to the client; fails when the client is gone.
pub struct Pieces {
    sender: mpsc::Sender<io::Result<Bytes>>,
    piece: Vec<u8>,
}

impl Write for Pieces {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.piece.extend_from_slice(bytes);
        if self.piece.len() >= PIECE {
            self.flush()?;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        if self.piece.is_empty() {
            return Ok(());
        }
        let piece = std::mem::replace(&mut self.piece, Vec::with_capacity(PIECE));
        self.sender.blocking_send(Ok(Bytes::from(piece))).map_err(|_| io::ErrorKind::BrokenPipe.into())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn the_format_is_chosen_by_name_then_by_accept() {
        let choose = |name, accept| Format::choose(name, accept);
        assert_eq!(choose(Some("csv"), Some("application/json")).unwrap(), Format::Csv);
        assert_eq!(choose(None, Some("text/html, text/csv;q=0.9, */*")).unwrap(), Format::Csv);
        assert_eq!(choose(None, Some("*/*")).unwrap(), Format::Json);
        assert_eq!(choose(None, None).unwrap(), Format::Json);
        assert!(choose(Some("xml"), None).is_err());
    }
}
