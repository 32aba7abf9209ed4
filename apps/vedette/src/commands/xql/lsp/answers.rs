//! What the editor asks, answered from the library.

use super::document::Document;
use lsp_types::{
    CodeAction, CodeActionKind, CodeActionOrCommand, CodeActionParams, CompletionItem, CompletionItemKind,
    CompletionParams, CompletionResponse, CompletionTextEdit, Diagnostic, DiagnosticSeverity,
    DidChangeTextDocumentParams, DidCloseTextDocumentParams, DidOpenTextDocumentParams,
    DocumentFormattingParams, Documentation, Hover, HoverContents, HoverParams, MarkupContent, MarkupKind,
    NumberOrString, PublishDiagnosticsParams, Range, SemanticToken, SemanticTokenModifier, SemanticTokenType,
    SemanticTokens, SemanticTokensLegend, SemanticTokensParams, TextEdit, Uri, WorkspaceEdit,
};
use std::collections::HashMap;
use vedette_xql::assist::{self, ItemKind, TokenClass};
use vedette_xql::{Catalog, check_rules, lint};

/// The open texts, and the names that queries can use.
pub struct Answers {
    catalog: Catalog,
    utf8: bool,
    documents: HashMap<Uri, Document>,
}

impl Answers {
    pub fn new(catalog: Catalog, utf8: bool) -> Answers {
        Answers { catalog, utf8, documents: HashMap::new() }
    }

    pub fn opened(&mut self, params: DidOpenTextDocumentParams) -> PublishDiagnosticsParams {
        let item = params.text_document;
        self.put(item.uri, item.text, Some(item.version))
    }

    /// Changes come as whole texts; the last one counts.
    pub fn changed(&mut self, params: DidChangeTextDocumentParams) -> Option<PublishDiagnosticsParams> {
        let change = params.content_changes.into_iter().next_back()?;
        Some(self.put(params.text_document.uri, change.text, Some(params.text_document.version)))
    }

    pub fn closed(&mut self, params: &DidCloseTextDocumentParams) -> PublishDiagnosticsParams {
        let uri = params.text_document.uri.clone();
        self.documents.remove(&uri);
        PublishDiagnosticsParams { uri, diagnostics: Vec::new(), version: None }
    }

    fn put(&mut self, uri: Uri, text: String, version: Option<i32>) -> PublishDiagnosticsParams {
        let rules = uri.as_str().to_lowercase().ends_with(".xif");
        let document = Document::new(text, rules, self.utf8);
        let diagnostics = found(&document).iter().map(|one| diagnostic(&document, one)).collect();
        self.documents.insert(uri.clone(), document);
        PublishDiagnosticsParams { uri, diagnostics, version }
    }

    pub fn completion(&self, params: &CompletionParams) -> Option<CompletionResponse> {
        let at = &params.text_document_position;
        let document = self.documents.get(&at.text_document.uri)?;
        let found = assist::complete(&document.text, document.offset(at.position), &self.catalog);
        let range = document.range(found.span);
        let items = found.items.into_iter().enumerate();
        Some(CompletionResponse::Array(items.map(|(place, one)| item(place, one, range)).collect()))
    }

    pub fn hover(&self, params: &HoverParams) -> Option<Hover> {
        let at = &params.text_document_position_params;
        let document = self.documents.get(&at.text_document.uri)?;
        let found = assist::hover(&document.text, document.offset(at.position), &self.catalog)?;
        let contents = HoverContents::Markup(markdown(found.text));
        Some(Hover { contents, range: Some(document.range(found.span)) })
    }

    /// Nothing is changed in a text with mistakes.
    pub fn formatting(&self, params: &DocumentFormattingParams) -> Option<Vec<TextEdit>> {
        let document = self.documents.get(&params.text_document.uri)?;
        let format = if document.rules { vedette_xql::format_rules } else { vedette_xql::format };
        let new_text = format(&document.text).ok()?;
        if new_text == document.text {
            return Some(Vec::new());
        }
        let range = Range { start: document.position(0), end: document.position(document.text.len()) };
        Some(vec![TextEdit { range, new_text }])
    }

    /// The fixes of the mistakes that the asked-for part touches.
    pub fn code_actions(&self, params: &CodeActionParams) -> Option<Vec<CodeActionOrCommand>> {
        let uri = &params.text_document.uri;
        let document = self.documents.get(uri)?;
        let asked = document.offset(params.range.start)..=document.offset(params.range.end);
        let touched = |one: &vedette_xql::Diagnostic| {
            one.span.start as usize <= *asked.end() && one.span.end as usize >= *asked.start()
        };
        let mut actions = Vec::new();
        for one in found(document).iter().filter(|one| touched(one)) {
            let Some(fix) = &one.fix else { continue };
            let edit = TextEdit { range: document.range(fix.span), new_text: fix.text.clone() };
            actions.push(CodeActionOrCommand::CodeAction(CodeAction {
                title: title(document, fix),
                kind: Some(CodeActionKind::QUICKFIX),
                diagnostics: Some(vec![diagnostic(document, one)]),
                edit: Some(WorkspaceEdit::new(HashMap::from([(uri.clone(), vec![edit])]))),
                is_preferred: Some(true),
                ..CodeAction::default()
            }));
        }
        Some(actions)
    }

    pub fn semantic_tokens(&self, params: &SemanticTokensParams) -> Option<SemanticTokens> {
        let document = self.documents.get(&params.text_document.uri)?;
        let mut data = Vec::new();
        let (mut line, mut column) = (0, 0);
        for (span, class) in assist::highlight(&document.text) {
            let (token_type, modifiers) = of_class(class);
            for piece in document.pieces(span) {
                if piece.start.line != line {
                    column = 0;
                }
                data.push(SemanticToken {
                    delta_line: piece.start.line - line,
                    delta_start: piece.start.character - column,
                    length: piece.end.character - piece.start.character,
                    token_type,
                    token_modifiers_bitset: modifiers,
                });
                (line, column) = (piece.start.line, piece.start.character);
            }
        }
        Some(SemanticTokens { result_id: None, data })
    }
}

fn found(document: &Document) -> Vec<vedette_xql::Diagnostic> {
    if document.rules { check_rules(&document.text) } else { lint(&document.text) }
}

fn diagnostic(document: &Document, found: &vedette_xql::Diagnostic) -> Diagnostic {
    let message = match &found.help {
        Some(help) => format!("{}\n{help}", found.message),
        None => found.message.clone(),
    };
    Diagnostic {
        range: document.range(found.span),
        severity: Some(if found.is_error() {
            DiagnosticSeverity::ERROR
        } else {
            DiagnosticSeverity::WARNING
        }),
        code: Some(NumberOrString::String(found.code.to_owned())),
        source: Some("vedette".to_owned()),
        message,
        ..Diagnostic::default()
    }
}

fn title(document: &Document, fix: &vedette_xql::Fix) -> String {
    let old = document.text.get(fix.span.start as usize..fix.span.end as usize).unwrap_or_default();
    match (old, fix.text.trim()) {
        (old, "") => format!("Remove `{old}`"),
        ("", new) => format!("Insert `{new}`"),
        (_, new) => format!("Write `{new}`"),
    }
}

fn markdown(value: String) -> MarkupContent {
    MarkupContent { kind: MarkupKind::Markdown, value }
}

fn item(place: usize, one: assist::Completion, range: Range) -> CompletionItem {
    let kind = match one.kind {
        ItemKind::Field => CompletionItemKind::FIELD,
        ItemKind::Stage | ItemKind::Keyword => CompletionItemKind::KEYWORD,
        ItemKind::Dataset => CompletionItemKind::CLASS,
        ItemKind::Function => CompletionItemKind::FUNCTION,
        ItemKind::Setting => CompletionItemKind::PROPERTY,
        ItemKind::Value => CompletionItemKind::ENUM_MEMBER,
    };
    CompletionItem {
        label: one.label,
        kind: Some(kind),
        detail: Some(one.detail).filter(|detail| !detail.is_empty()),
        documentation: Some(one.doc)
            .filter(|doc| !doc.is_empty())
            .map(|doc| Documentation::MarkupContent(markdown(doc))),
        // Editors sort by this: the order of the library stays.
        sort_text: Some(format!("{place:05}")),
        text_edit: Some(CompletionTextEdit::Edit(TextEdit { range, new_text: one.insert })),
        ..CompletionItem::default()
    }
}

const TYPES: [SemanticTokenType; 10] = [
    SemanticTokenType::KEYWORD,
    SemanticTokenType::CLASS,
    SemanticTokenType::PROPERTY,
    SemanticTokenType::FUNCTION,
    SemanticTokenType::PARAMETER,
    SemanticTokenType::ENUM_MEMBER,
    SemanticTokenType::STRING,
    SemanticTokenType::NUMBER,
    SemanticTokenType::OPERATOR,
    SemanticTokenType::COMMENT,
];

pub fn legend() -> SemanticTokensLegend {
    SemanticTokensLegend {
        token_types: TYPES.to_vec(),
        token_modifiers: vec![SemanticTokenModifier::DECLARATION],
    }
}

/// The place in the legend, and the modifiers.
fn of_class(class: TokenClass) -> (u32, u32) {
    match class {
        TokenClass::Stage | TokenClass::Keyword => (0, 0),
        TokenClass::Dataset => (1, 0),
        TokenClass::Field => (2, 0),
        TokenClass::Definition => (2, 1),
        TokenClass::Function => (3, 0),
        TokenClass::Setting | TokenClass::Parameter => (4, 0),
        TokenClass::Constant => (5, 0),
        TokenClass::Text => (6, 0),
        TokenClass::Number => (7, 0),
        TokenClass::Operator => (8, 0),
        TokenClass::Comment => (9, 0),
    }
}
