// The query editor: CodeMirror with XQL's colours, completion and the server's diagnostics. Its
// styles are added under the page's CSP nonce.

import { autocompletion, closeBrackets, closeBracketsKeymap, completionKeymap } from "@codemirror/autocomplete";
import { defaultKeymap, history, historyKeymap, indentWithTab } from "@codemirror/commands";
import { bracketMatching, HighlightStyle, indentOnInput, StreamLanguage, syntaxHighlighting } from "@codemirror/language";
import { type Diagnostic as Mark, linter, lintKeymap, setDiagnostics } from "@codemirror/lint";
import { highlightSelectionMatches, searchKeymap } from "@codemirror/search";
import { EditorState, Prec } from "@codemirror/state";
import { drawSelection, EditorView, highlightActiveLine, hoverTooltip, keymap, lineNumbers, placeholder } from "@codemirror/view";
import { tags } from "@lezer/highlight";
import { type Ref, useEffect, useImperativeHandle, useRef } from "react";
import { request } from "@/api/client";
import type { Diagnostic } from "@/api/types";
import { completions, hover, placeOfByte } from "./completion";
import { rangeOf } from "./position";
import { xqlParser } from "./tokens";

export interface EditorHandle {
  text(): string;
  replace(text: string): void;
  insert(text: string): void;
  focus(): void;
  /** Marks the mistakes and shows the first. */
  mark(diagnostics: readonly Diagnostic[]): void;
}

interface Props {
  initial: string;
  /** A file of rules: it is checked when that is asked for, and has no completion of queries. */
  rules?: boolean;
  onRun: () => void;
  onChange: (text: string) => void;
  ref: Ref<EditorHandle>;
}

const nonce = () => document.querySelector<HTMLMetaElement>('meta[name="csp-nonce"]')?.content ?? "";

const colours = HighlightStyle.define([
  { tag: tags.definitionKeyword, color: "var(--xql-stage)", fontWeight: "600" },
  { tag: tags.keyword, color: "var(--xql-word)" },
  { tag: tags.function(tags.variableName), color: "var(--xql-function)" },
  { tag: tags.string, color: "var(--xql-string)" },
  { tag: tags.number, color: "var(--xql-number)" },
  { tag: tags.comment, color: "var(--xql-comment)", fontStyle: "italic" },
  { tag: [tags.operator, tags.separator, tags.paren], color: "var(--muted)" },
]);

const look = EditorView.theme({
  "&": { height: "100%", fontSize: "13px", backgroundColor: "var(--panel)", color: "var(--text)" },
  "&.cm-focused": { outline: "none" },
  ".cm-scroller": { fontFamily: "var(--font-mono)", lineHeight: "1.55" },
  ".cm-content": { caretColor: "var(--text)", padding: "8px 0" },
  ".cm-cursor": { borderLeftColor: "var(--text)" },
  ".cm-gutters": { backgroundColor: "var(--panel)", color: "var(--faint)", borderRight: "1px solid var(--line)" },
  ".cm-activeLine, .cm-activeLineGutter": { backgroundColor: "transparent" },
  "&.cm-focused .cm-activeLine": { backgroundColor: "color-mix(in srgb, var(--raised) 60%, transparent)" },
  ".cm-selectionBackground, &.cm-focused > .cm-scroller > .cm-selectionLayer .cm-selectionBackground": { background: "var(--select)" },
  ".cm-matchingBracket, &.cm-focused .cm-matchingBracket": { backgroundColor: "var(--accent-soft)", outline: "1px solid var(--accent)" },
  ".cm-placeholder": { color: "var(--faint)" },
  ".cm-tooltip": { backgroundColor: "var(--panel)", border: "1px solid var(--line-strong)", borderRadius: "8px", color: "var(--text)", maxWidth: "34rem" },
  ".cm-tooltip.cm-tooltip-autocomplete > ul": { fontFamily: "var(--font-mono)", fontSize: "12px", maxHeight: "16rem" },
  ".cm-tooltip.cm-tooltip-autocomplete > ul > li": { padding: "2px 8px" },
  ".cm-tooltip-autocomplete ul li[aria-selected]": { backgroundColor: "var(--accent-soft)", color: "var(--text)" },
  ".cm-completionDetail": { color: "var(--muted)", fontStyle: "normal", marginLeft: "1em" },
  ".cm-completionInfo": { padding: "6px 10px", fontSize: "12px", maxWidth: "22rem" },
  ".cm-hover": { padding: "6px 10px", fontSize: "12px", maxHeight: "18rem", overflow: "auto", whiteSpace: "pre-wrap" },
  ".cm-hover pre": { fontFamily: "var(--font-mono)", whiteSpace: "pre-wrap", marginBottom: "4px" },
  ".cm-diagnostic": { padding: "6px 10px", borderLeft: "3px solid var(--bad)", whiteSpace: "pre-wrap" },
  ".cm-diagnostic-warning": { borderLeftColor: "var(--medium)" },
  ".cm-diagnosticAction": { backgroundColor: "var(--accent-soft)", color: "var(--text)", border: "1px solid var(--accent)", borderRadius: "4px", padding: "0 8px", marginLeft: "8px" },
  ".cm-panels": { backgroundColor: "var(--raised)", color: "var(--text)", borderColor: "var(--line)" },
  ".cm-searchMatch": { backgroundColor: "var(--accent-soft)" },
});

/**
 * Typing over a selection, done by us: left to itself, Chromium gives the new text the look of the
 * old one through a style attribute, which the page's policy refuses (and reports).
 */
const typeOver = EditorView.domEventHandlers({
  beforeinput: (event, view) => {
    const { from, to, empty } = view.state.selection.main;
    const text = event.data;
    if (event.inputType !== "insertText" || event.isComposing || !text || empty) return false;
    event.preventDefault();
    const insert = () => view.state.update(view.state.replaceSelection(text), { userEvent: "input.type", scrollIntoView: true });
    const handled = view.state.facet(EditorView.inputHandler).some((handler) => handler(view, from, to, text, insert));
    if (!handled) view.dispatch(insert());
    return true;
  },
});

function marks(text: string, diagnostics: readonly Diagnostic[]): Mark[] {
  return diagnostics.map((diagnostic) => ({
    ...rangeOf(text, diagnostic),
    severity: diagnostic.severity,
    message: diagnostic.help ? `${diagnostic.message}\n${diagnostic.help}` : diagnostic.message,
    source: diagnostic.code,
    actions: diagnostic.fix ? [{ name: "Fix", apply: (view: EditorView) => mend(view, text, diagnostic.fix) }] : [],
  }));
}

/** Applies the server's edit, if the text is still the one it was made for. */
function mend(view: EditorView, text: string, fix: Diagnostic["fix"]) {
  if (!fix || view.state.doc.toString() !== text) return;
  view.dispatch({ changes: { from: placeOfByte(text, fix.start), to: placeOfByte(text, fix.end), insert: fix.text }, userEvent: "input.fix" });
  view.focus();
}

/** Asks the server about the text as it stands; a server that does not answer marks nothing. */
async function check(view: EditorView): Promise<Mark[]> {
  const query = view.state.doc.toString();
  if (!query.trim()) return [];
  try {
    const answer = await request<{ diagnostics: Diagnostic[] }>("POST", "/query/check", { query });
    return marks(query, answer.diagnostics);
  } catch {
    return [];
  }
}

export function Editor({ initial, rules = false, onRun, onChange, ref }: Props) {
  const box = useRef<HTMLDivElement>(null);
  const view = useRef<EditorView | null>(null);
  // The editor outlives renders: it reads what is current through this.
  const current = useRef({ onRun, onChange });
  current.current = { onRun, onChange };

  useEffect(() => {
    if (!box.current) return;
    const made = new EditorView({
      parent: box.current,
      state: EditorState.create({
        doc: initial,
        extensions: [
          EditorView.cspNonce.of(nonce()),
          Prec.highest(keymap.of([{ key: "Mod-Enter", run: () => (current.current.onRun(), true) }])),
          lineNumbers(),
          history(),
          drawSelection(),
          indentOnInput(),
          bracketMatching(),
          closeBrackets(),
          typeOver,
          highlightActiveLine(),
          highlightSelectionMatches(),
          rules ? [] : [autocompletion({ override: [completions], icons: false }), hoverTooltip(hover, { hoverTime: 400 }), linter(check, { delay: 400 })],
          // Tab leaves the editor after Escape, as screen readers' users expect of CodeMirror.
          keymap.of([...closeBracketsKeymap, ...defaultKeymap, ...searchKeymap, ...historyKeymap, ...completionKeymap, ...lintKeymap, indentWithTab]),
          StreamLanguage.define(xqlParser),
          syntaxHighlighting(colours),
          placeholder(rules ? "[MODEL: dataset = …]" : "dataset = xdr_data | filter …"),
          EditorView.lineWrapping,
          EditorView.contentAttributes.of({ "aria-label": rules ? "Rules" : "XQL query", spellcheck: "false" }),
          EditorView.updateListener.of((update) => update.docChanged && current.current.onChange(update.state.doc.toString())),
          look,
        ],
      }),
    });
    view.current = made;
    return () => {
      made.destroy();
      view.current = null;
    };
    // `initial` is only where the editor begins.
  }, []);

  useImperativeHandle(ref, () => ({
    text: () => view.current?.state.doc.toString() ?? "",
    replace: (text) => view.current?.dispatch({ changes: { from: 0, to: view.current.state.doc.length, insert: text }, selection: { anchor: text.length } }),
    insert: (text) => {
      view.current?.dispatch(view.current.state.replaceSelection(text));
      view.current?.focus();
    },
    focus: () => view.current?.focus(),
    mark: (diagnostics) => {
      const editor = view.current;
      if (!editor) return;
      const found = marks(editor.state.doc.toString(), diagnostics);
      editor.dispatch(setDiagnostics(editor.state, found));
      const first = found[0];
      if (first) editor.dispatch({ selection: { anchor: first.from }, scrollIntoView: true });
    },
  }), []);

  return <div ref={box} className="h-full min-h-0" />;
}
