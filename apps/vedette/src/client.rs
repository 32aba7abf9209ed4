//! Talks to a running server: the one of a data folder, found by the file it leaves there, or
//! another by its address.

use crate::args::ServerArgs;
use crate::data_dir;
use crate::failure::Failure;
use serde_json::Value;
use std::io::Read;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use ureq::tls::{Certificate, RootCerts, TlsConfig, TlsProvider};
use ureq::{Agent, Body, SendBody, http::Response};
use vedette_server::LocalServer;
use vedette_xql::ast::Span;

pub struct Client {
    agent: Agent,
    base: String,
    token: String,
}

impl Client {
    /// The server that the arguments name, or `None` when no server runs on that data folder.
    pub fn find(args: &ServerArgs) -> Result<Option<Client>, Failure> {
        if let Some(url) = &args.server {
            let token = std::env::var("VEDETTE_TOKEN").map_err(|_| {
                Failure::Usage("--server needs an API token in VEDETTE_TOKEN (vdt_…)".to_owned())
            })?;
            return Client::new(url, token, args.ca.as_deref()).map(Some);
        }
        let dir = data_dir::resolve(args.data_dir.clone());
        let running = LocalServer::find(&dir)
            .map_err(|error| Failure::Ours(format!("{}: {error}", dir.join("run/server.json").display())))?;
        running.map(|server| Client::of(&server)).transpose()
    }

    /// The server that left this word of itself.
    pub fn of(server: &LocalServer) -> Result<Client, Failure> {
        Client::new(&server.url, server.token.clone(), server.ca.as_deref())
    }

    /// The same, where a server is a must.
    pub fn need(args: &ServerArgs) -> Result<Client, Failure> {
        Client::find(args)?.ok_or_else(|| {
            let dir = data_dir::resolve(args.data_dir.clone());
            Failure::Input(format!(
                "no server is running on {}: start one with `vedette up`, or name it with --data-dir or --server",
                dir.display()
            ))
        })
    }

    fn new(url: &str, token: String, ca: Option<&Path>) -> Result<Client, Failure> {
        let mut tls = TlsConfig::builder()
            .provider(TlsProvider::Rustls)
            .unversioned_rustls_crypto_provider(Arc::new(rustls::crypto::aws_lc_rs::default_provider()));
        if let Some(path) = ca {
            let pem = std::fs::read(path)
                .map_err(|error| Failure::Input(format!("{}: {error}", path.display())))?;
            let root = Certificate::from_pem(&pem)
                .map_err(|error| Failure::Input(format!("{}: {error}", path.display())))?;
            tls = tls.root_certs(RootCerts::Specific(Arc::new(vec![root])));
        }
        let config = Agent::config_builder()
            .tls_config(tls.build())
            .http_status_as_error(false)
            .timeout_connect(Some(Duration::from_secs(10)))
            .proxy(None);
        let base = format!("{}/api/v1", url.trim_end_matches('/'));
        Ok(Client { agent: config.build().into(), base, token })
    }

    pub fn get(&self, path: &str) -> Result<Value, Failure> {
        let request = self.agent.get(format!("{}{path}", self.base)).header("Authorization", self.bearer());
        json(self.checked(request.call())?)
    }

    /// Every page of a list, which has its name in path and answer.
    pub fn all(&self, list: &str) -> Result<Value, Failure> {
        let (mut all, mut cursor) = (Vec::new(), String::new());
        loop {
            let page = self.get(&format!("/{list}?limit=500{cursor}"))?;
            all.extend(page[list].as_array().cloned().unwrap_or_default());
            match page["next_cursor"].as_str() {
                Some(next) => cursor = format!("&cursor={}", encode(next)),
                None => return Ok(Value::Array(all)),
            }
        }
    }

    /// A file.
    pub fn download(&self, path: &str) -> Result<Vec<u8>, Failure> {
        let request = self.agent.get(format!("{}{path}", self.base)).header("Authorization", self.bearer());
        let mut answer = self.checked(request.call())?;
        let file = answer.body_mut().with_config().limit(1 << 30).read_to_vec();
        file.map_err(|error| Failure::Ours(format!("the server's answer cannot be read: {error}")))
    }

    /// Copies a stream as it comes; whether the server had to cut it.
    pub fn stream(&self, path: &str, out: &mut impl std::io::Write) -> Result<bool, Failure> {
        let request = self.agent.get(format!("{}{path}", self.base)).header("Authorization", self.bearer());
        let mut answer = self.checked(request.call())?;
        let cut = answer.headers().contains_key("x-vedette-cut");
        let mut reader = answer.body_mut().as_reader();
        let mut piece = vec![0; 64 << 10];
        loop {
            let broken =
                |error: std::io::Error| Failure::Ours(format!("the server's answer broke off: {error}"));
            let count = reader.read(&mut piece).map_err(broken)?;
            if count == 0 {
                return Ok(cut);
            }
            out.write_all(&piece[..count])?;
            out.flush()?;
        }
    }

    /// Puts JSON; what is wrong with the query in it is shown in its text.
    pub fn put(&self, path: &str, query: &str, body: &Value) -> Result<Value, Failure> {
        let request = self.agent.put(format!("{}{path}", self.base)).header("Authorization", self.bearer());
        json(self.checked_with(request.send_json(body), query)?)
    }

    /// Puts a stream of bytes.
    pub fn put_file(&self, path: &str, reader: &mut dyn Read) -> Result<Value, Failure> {
        let request = self
            .agent
            .put(format!("{}{path}", self.base))
            .header("Authorization", self.bearer())
            .header("Content-Type", "application/octet-stream");
        json(self.checked(request.send(SendBody::from_reader(reader)))?)
    }

    pub fn delete(&self, path: &str) -> Result<(), Failure> {
        let request =
            self.agent.delete(format!("{}{path}", self.base)).header("Authorization", self.bearer());
        self.checked(request.call()).map(|_| ())
    }

    /// Deletes what the answer tells of.
    pub fn delete_told(&self, path: &str) -> Result<Value, Failure> {
        let request =
            self.agent.delete(format!("{}{path}", self.base)).header("Authorization", self.bearer());
        json(self.checked(request.call())?)
    }

    pub fn patch(&self, path: &str, body: &Value) -> Result<Value, Failure> {
        self.patch_query(path, "", body)
    }

    /// The same; what is wrong with the query in it is shown in its text.
    pub fn patch_query(&self, path: &str, query: &str, body: &Value) -> Result<Value, Failure> {
        let request = self.agent.patch(format!("{}{path}", self.base)).header("Authorization", self.bearer());
        json(self.checked_with(request.send_json(body), query)?)
    }

    pub fn post(&self, path: &str, body: &Value) -> Result<Response<Body>, Failure> {
        let request = self.agent.post(format!("{}{path}", self.base)).header("Authorization", self.bearer());
        self.checked(request.send_json(body))
    }

    /// Runs a query; what is wrong with it is shown in its text.
    pub fn query(&self, path: &str, text: &str, body: &Value) -> Result<Response<Body>, Failure> {
        let request = self.agent.post(format!("{}{path}", self.base)).header("Authorization", self.bearer());
        self.checked_with(request.send_json(body), text)
    }

    /// Sends a stream of bytes.
    pub fn upload(&self, path: &str, reader: &mut dyn Read) -> Result<Value, Failure> {
        let request = self
            .agent
            .post(format!("{}{path}", self.base))
            .header("Authorization", self.bearer())
            .header("Content-Type", "application/octet-stream");
        json(self.checked(request.send(SendBody::from_reader(reader)))?)
    }

    fn bearer(&self) -> String {
        format!("Bearer {}", self.token)
    }

    fn checked(&self, answer: Result<Response<Body>, ureq::Error>) -> Result<Response<Body>, Failure> {
        self.checked_with(answer, "")
    }

    fn checked_with(
        &self,
        answer: Result<Response<Body>, ureq::Error>,
        query: &str,
    ) -> Result<Response<Body>, Failure> {
        let answer = answer.map_err(|error| Failure::Ours(format!("{}: {error}", self.base)))?;
        let status = answer.status();
        if status.is_success() {
            return Ok(answer);
        }
        let body = json(answer).unwrap_or(Value::Null);
        let part = |name: &str| body.pointer(&format!("/error/{name}")).and_then(Value::as_str);
        let found = body.pointer("/error/diagnostics").and_then(Value::as_array);
        let mut text = match found.filter(|list| !list.is_empty()) {
            Some(list) => list.iter().map(|one| pointed(query, one)).collect::<Vec<_>>().join("\n"),
            None => part("message").map_or_else(|| format!("the server answered {status}"), str::to_owned),
        };
        if let Some(help) = part("help") {
            text.push_str(&format!("\n{help}"));
        }
        if let Some(request) = part("request_id").filter(|_| status.is_server_error()) {
            text.push_str(&format!(" (request_id {request})"));
        }
        // Too slow or too much: nothing is wrong with what was asked, and it may be asked again.
        let passes = matches!(status.as_u16(), 408 | 429);
        Err(if status.is_server_error() || passes { Failure::Ours(text) } else { Failure::Input(text) })
    }
}

/// A diagnostic of the API under the line of the query it speaks of.
fn pointed(query: &str, found: &Value) -> String {
    let number = |name: &str| found[name].as_u64().and_then(|n| usize::try_from(n).ok()).unwrap_or(1);
    let word = |name: &str| found[name].as_str().unwrap_or_default();
    let (line, column) = (number("line"), number("column"));
    let mut text = format!("{}[{}]: {}", word("severity"), word("code"), word("message"));
    text.push_str(&format!("\n  --> line {line}, column {column}"));
    if !query.is_empty() {
        let start = offset(query, line, column);
        let end = offset(query, number("end_line"), number("end_column")).max(start);
        let (source, marks) = vedette_xql::excerpt(query, Span { start, end });
        text.push_str(&format!("\n   | {source}\n   | {marks}"));
    }
    if !word("help").is_empty() {
        text.push_str(&format!("\n   = help: {}", word("help")));
    }
    text
}

/// Where a line and column, both from 1, stand in a text; its end where they are beyond it.
fn offset(text: &str, line: usize, column: usize) -> u32 {
    let mut lines = text.split_inclusive('\n');
    let before: usize = lines.by_ref().take(line.saturating_sub(1)).map(str::len).sum();
    let letters = lines.next().unwrap_or_default().char_indices();
    let inside = letters.map(|(at, _)| at).nth(column.saturating_sub(1));
    u32::try_from(inside.map_or(text.len(), |inside| before + inside)).unwrap_or(u32::MAX)
}

/// The JSON of an answer.
pub fn json(answer: Response<Body>) -> Result<Value, Failure> {
    let mut body = answer.into_body();
    body.with_config()
        .limit(1 << 30)
        .read_json()
        .map_err(|error| Failure::Ours(format!("the server's answer cannot be read: {error}")))
}

/// A part of a path or query; `/` stays.
pub fn encode(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.~/".contains(&byte);
    text.bytes()
        .map(|byte| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") })
        .collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_mistake_in_a_long_line_is_shown_with_what_is_around_it() {
        let query =
            format!("dataset = xdr_data\n| filter a in (\"é\", {}) and wrong = 1", "\"x\", ".repeat(9_000));
        let column = query.lines().nth(1).unwrap().chars().count() - "wrong = 1".len() + 1;
        let found = serde_json::json!({"severity": "error", "code": "XQL402", "message": "no such field", "help": "",
            "line": 2, "column": column, "end_line": 2, "end_column": column + 5});
        let text = pointed(&query, &found);
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines.len(), 4, "{text}");
        assert!(lines[2].contains("and wrong = 1") && lines[2].chars().count() < 120, "{text}");
        let mark = lines[3].chars().position(|c| c == '^').unwrap();
        let marked: String = lines[2].chars().skip(mark).take(5).collect();
        assert_eq!((marked.as_str(), lines[3].matches('^').count()), ("wrong", 5));
        // Places beyond the text are its end.
        pointed("dataset = x", &serde_json::json!({"line": 9, "column": 9, "end_line": 9, "end_column": 90}));
    }
}
