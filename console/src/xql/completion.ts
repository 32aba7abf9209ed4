// Completion and hover: the server knows what can stand at a place of a query and what stands there.
// Places are bytes of UTF-8 there, and units of UTF-16 here.

import type { Completion, CompletionContext, CompletionResult } from "@codemirror/autocomplete";
import type { EditorView, Tooltip } from "@codemirror/view";
import { request } from "@/api/client";

const VALID = /^[\p{L}\p{N}_]*$/u;

export interface Item {
  label: string;
  kind: "field" | "stage" | "dataset" | "function" | "setting" | "value" | "keyword";
  detail: string;
  doc: string;
  insert: string;
}

/** The bytes before `pos`. */
export function bytesBefore(text: string, pos: number): number {
  return new TextEncoder().encode(text.slice(0, pos)).length;
}

/** The place that lies `bytes` into the text. */
export function placeOfByte(text: string, bytes: number): number {
  return new TextDecoder().decode(new TextEncoder().encode(text).slice(0, bytes)).length;
}

const TYPES: Record<Item["kind"], string> = {
  field: "property",
  stage: "keyword",
  dataset: "class",
  function: "function",
  setting: "property",
  value: "enum",
  keyword: "keyword",
};

/** The items in the server's order. */
export function options(items: readonly Item[]): Completion[] {
  return items.map((item, place) => ({
    label: item.label,
    type: TYPES[item.kind],
    detail: item.kind === "function" ? item.detail.slice(item.label.length) : item.detail,
    info: item.doc,
    apply: item.insert,
    boost: Math.max(-99, 99 - place),
  }));
}

/** Does what stands before the cursor call for something to follow? */
export function wants(before: string): boolean {
  return /[|=(,]\s*$|^\s*$|\.$/.test(before);
}

export async function completions(context: CompletionContext): Promise<CompletionResult | null> {
  const query = context.state.doc.toString();
  const word = context.matchBefore(/[\p{L}\p{N}_.]*/u);
  const typed = word?.text ?? "";
  const from = word?.from ?? context.pos;
  if (!context.explicit && typed === "" && !wants(query.slice(0, from))) return null;
  // All that can stand there: the editor narrows it down while the word grows and shrinks. What stands
  // behind a dot is asked for each time.
  const dotted = typed.includes(".");
  try {
    const offset = bytesBefore(query, dotted ? context.pos : from);
    const answer = await request<{ items: Item[] }>("POST", "/xql/complete", { query, offset });
    if (context.aborted || answer.items.length === 0) return null;
    return { from, options: options(answer.items), ...(dotted ? {} : { validFor: VALID }) };
  } catch {
    return null;
  }
}

/** A few lines of Markdown as elements: code blocks and paragraphs; nothing in it is HTML. */
export function shown(markdown: string): HTMLElement {
  const box = document.createElement("div");
  box.className = "cm-hover";
  for (const [place, part] of markdown.split("```").entries()) {
    const text = place % 2 === 1 ? part.replace(/^\w*\n/, "") : part.replace(/[`*]{1,2}/g, "");
    if (!text.trim()) continue;
    const element = document.createElement(place % 2 === 1 ? "pre" : "div");
    element.textContent = text.trim();
    box.append(element);
  }
  return box;
}

export async function hover(view: EditorView, pos: number): Promise<Tooltip | null> {
  const query = view.state.doc.toString();
  try {
    const found = await request<{ start: number; end: number; text: string }>("POST", "/xql/hover", { query, offset: bytesBefore(query, pos) });
    if (!found.text) return null;
    return { pos: placeOfByte(query, found.start), end: placeOfByte(query, found.end), above: true, create: () => ({ dom: shown(found.text) }) };
  } catch {
    return null;
  }
}
