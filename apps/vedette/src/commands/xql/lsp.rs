//! `vedette xql lsp`: the Language Server Protocol over standard input and output. All it knows of the
//! language is the library's; this file carries messages.

mod answers;
mod document;

use crate::args::ServerArgs;
use crate::client::Client;
use crate::failure::Failure;
use answers::Answers;
use lsp_server::{Connection, ErrorCode, Message, Notification, Request, Response};
use lsp_types::{
    CodeActionKind, CodeActionOptions, CodeActionProviderCapability, CompletionOptions,
    HoverProviderCapability, InitializeParams, OneOf, PositionEncodingKind, SemanticTokensFullOptions,
    SemanticTokensOptions, ServerCapabilities, TextDocumentSyncCapability, TextDocumentSyncKind,
};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use vedette_xql::{Catalog, CatalogDataset, CatalogField};

pub fn run(target: &ServerArgs) -> Result<u8, Failure> {
    let catalog = catalog(target)?;
    let (connection, threads) = Connection::stdio();
    let clean = serve(&connection, catalog);
    drop(connection);
    threads
        .join()
        .map_err(|error| Failure::Ours(format!("the editor's messages cannot be read: {error}")))?;
    // The protocol wants 1 from a server whose editor left without a word.
    Ok(u8::from(!clean?))
}

/// The built-in datasets, and those of the server when one is named or runs on the data folder.
fn catalog(target: &ServerArgs) -> Result<Catalog, Failure> {
    let mut catalog = vedette_server::builtin_names();
    let Some(client) = Client::find(target)? else { return Ok(catalog) };
    let answer = client.get("/datasets")?;
    let text = |value: &Value, name: &str| value[name].as_str().unwrap_or_default().to_owned();
    for dataset in answer["datasets"].as_array().into_iter().flatten() {
        let name = text(dataset, "name");
        if catalog.dataset(&name).is_some() {
            continue;
        }
        let fields = dataset["fields"].as_array().into_iter().flatten();
        let fields = fields.map(|field| CatalogField {
            name: text(field, "name"),
            ty: text(field, "type"),
            doc: text(field, "doc"),
        });
        let fields = fields.collect();
        catalog.datasets.push(CatalogDataset { name, doc: text(dataset, "doc"), fields, model: Vec::new() });
    }
    Ok(catalog)
}

/// Serves until the editor is done; `true` when it said so.
fn serve(connection: &Connection, catalog: Catalog) -> Result<bool, Failure> {
    let broken =
        |error: &dyn std::fmt::Display| Failure::Ours(format!("talking to the editor failed: {error}"));
    let (id, params) = connection.initialize_start().map_err(|error| broken(&error))?;
    let params: InitializeParams = serde_json::from_value(params).unwrap_or_default();
    let utf8 = takes_utf8(&params);
    let answer = json!({
        "capabilities": capabilities(utf8),
        "serverInfo": {"name": "vedette xql lsp", "version": env!("CARGO_PKG_VERSION")},
    });
    connection.initialize_finish(id, answer).map_err(|error| broken(&error))?;
    let mut answers = Answers::new(catalog, utf8);
    for message in &connection.receiver {
        match message {
            Message::Request(request) => {
                if connection.handle_shutdown(&request).map_err(|error| broken(&error))? {
                    return Ok(true);
                }
                let response = answer_to(&mut answers, request);
                connection.sender.send(response.into()).map_err(|error| broken(&error))?;
            }
            Message::Notification(note) => {
                if let Some(out) = notified(&mut answers, note) {
                    connection.sender.send(out.into()).map_err(|error| broken(&error))?;
                }
            }
            Message::Response(_) => {}
        }
    }
    Ok(false)
}

fn takes_utf8(params: &InitializeParams) -> bool {
    let general = params.capabilities.general.as_ref();
    let encodings = general.and_then(|general| general.position_encodings.as_ref());
    encodings.is_some_and(|all| all.contains(&PositionEncodingKind::UTF8))
}

fn capabilities(utf8: bool) -> ServerCapabilities {
    let encoding = if utf8 { PositionEncodingKind::UTF8 } else { PositionEncodingKind::UTF16 };
    let triggers = ["|", " ", "=", "(", ",", ".", "\""];
    ServerCapabilities {
        position_encoding: Some(encoding),
        text_document_sync: Some(TextDocumentSyncCapability::Kind(TextDocumentSyncKind::FULL)),
        completion_provider: Some(CompletionOptions {
            trigger_characters: Some(triggers.map(str::to_owned).to_vec()),
            ..CompletionOptions::default()
        }),
        hover_provider: Some(HoverProviderCapability::Simple(true)),
        document_formatting_provider: Some(OneOf::Left(true)),
        code_action_provider: Some(CodeActionProviderCapability::Options(CodeActionOptions {
            code_action_kinds: Some(vec![CodeActionKind::QUICKFIX]),
            ..CodeActionOptions::default()
        })),
        semantic_tokens_provider: Some(
            SemanticTokensOptions {
                legend: answers::legend(),
                full: Some(SemanticTokensFullOptions::Bool(true)),
                ..SemanticTokensOptions::default()
            }
            .into(),
        ),
        ..ServerCapabilities::default()
    }
}

fn answer_to(answers: &mut Answers, request: Request) -> Response {
    let Request { id, method, params } = request;
    let answer = match method.as_str() {
        "textDocument/completion" => with(params, |params| json!(answers.completion(&params))),
        "textDocument/hover" => with(params, |params| json!(answers.hover(&params))),
        "textDocument/formatting" => with(params, |params| json!(answers.formatting(&params))),
        "textDocument/codeAction" => with(params, |params| json!(answers.code_actions(&params))),
        "textDocument/semanticTokens/full" => with(params, |params| json!(answers.semantic_tokens(&params))),
        _ => {
            let message = format!("{method} is not served here");
            return Response::new_err(id, ErrorCode::MethodNotFound as i32, message);
        }
    };
    match answer {
        Ok(answer) => Response::new_ok(id, answer),
        Err(error) => Response::new_err(id, ErrorCode::InvalidParams as i32, format!("{method}: {error}")),
    }
}

fn with<P: DeserializeOwned>(
    params: Value,
    answer: impl FnOnce(P) -> Value,
) -> Result<Value, serde_json::Error> {
    serde_json::from_value(params).map(answer)
}

/// What a notification makes the server say: the mistakes of a text that was opened or changed.
fn notified(answers: &mut Answers, note: Notification) -> Option<Notification> {
    let published = match note.method.as_str() {
        "textDocument/didOpen" => answers.opened(serde_json::from_value(note.params).ok()?),
        "textDocument/didChange" => answers.changed(serde_json::from_value(note.params).ok()?)?,
        "textDocument/didClose" => answers.closed(&serde_json::from_value(note.params).ok()?),
        _ => return None,
    };
    Some(Notification::new("textDocument/publishDiagnostics".to_owned(), published))
}
