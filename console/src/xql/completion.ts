// Completion: datasets after `dataset =`, stages after a pipe, fields and functions elsewhere, with
// the fields of the dataset the query names first.

import type { Completion, CompletionContext, CompletionResult } from "@codemirror/autocomplete";
import type { Dataset } from "@/api/types";
import { FUNCTIONS, KEYWORDS, STAGES } from "./words";

const VALID = /^[\p{L}\p{N}_.]*$/u;

export type Place = "dataset" | "stage" | "none" | "expression" | "aggregate";

/** What may stand at the end of `before`. */
export function placeOf(before: string): Place {
  const code = before.replace(/"""[\s\S]*?"""|"(?:\\.|[^"\\\n])*"|\/\*[\s\S]*?\*\/|\/\/[^\n]*\n/g, (hit) => (hit.startsWith("/") ? " " : '""'));
  if (/\/\/[^\n]*$|\/\*[\s\S]*$|"[^"]*$/.test(code.replaceAll('""', ""))) return "none";
  const head = code.replace(/[\p{L}\p{N}_.]*$/u, "");
  if (/\bdataset\s*(=|in\s*\([^)]*)\s*$/i.test(head)) return "dataset";
  if (/(^|\|)\s*$/.test(head)) return "stage";
  const stage = /([\p{L}_]+)[^|]*$/u.exec(head.slice(head.lastIndexOf("|") + 1).trimStart())?.[1]?.toLowerCase();
  return stage === "comp" ? "aggregate" : "expression";
}

/** The datasets a query names, `xdr_data` when it names none. */
export function datasetsOf(text: string, known: readonly Dataset[]): Dataset[] {
  const list = /\bdataset\s*(?:=\s*"?([\w*]+)|in\s*\(([^)]*)\))/i.exec(text);
  const names = (list?.[2] ?? list?.[1] ?? "xdr_data").split(",").map((name) => name.trim().replaceAll('"', "").toLowerCase());
  return known.filter((dataset) => names.some((name) => (name.endsWith("*") ? dataset.name.startsWith(name.slice(0, -1)) : dataset.name === name)));
}

/** The names a query gives to what it computes: `as x`, `alter x =`. */
export function aliasesOf(text: string): string[] {
  const names = new Set<string>();
  for (const match of text.matchAll(/\bas\s+([\p{L}_][\p{L}\p{N}_]*)|(?:\balter\s|,)\s*([\p{L}_][\p{L}\p{N}_]*)\s*=(?!=)/giu)) {
    const name = match[1] ?? match[2];
    if (name) names.add(name);
  }
  return [...names];
}

export function completions(known: readonly Dataset[]) {
  return (context: CompletionContext): CompletionResult | null => {
    const text = context.state.doc.toString();
    const place = placeOf(text.slice(0, context.pos));
    const word = context.matchBefore(/[\p{L}\p{N}_.]*/u);
    const typed = word?.text ?? "";
    if (place === "none" || (!context.explicit && typed === "" && place !== "dataset")) return null;
    return { from: word?.from ?? context.pos, options: optionsAt(place, text, known), validFor: VALID };
  };
}

function optionsAt(place: Place, text: string, known: readonly Dataset[]): Completion[] {
  if (place === "dataset") return known.map((dataset) => ({ label: dataset.name, type: "class", detail: rows(dataset), info: dataset.doc }));
  const stages = STAGES.map((stage): Completion => ({ label: stage.name, type: "keyword", detail: stage.form, info: stage.doc, apply: `${stage.name} `, boost: 2 }));
  if (place === "stage") return stages;
  const fields = datasetsOf(text, known).flatMap((dataset) =>
    dataset.fields.map((field): Completion => ({ label: field.name, type: "property", detail: field.type, info: field.doc, boost: 1 })),
  );
  const aliases = aliasesOf(text).map((name): Completion => ({ label: name, type: "variable", detail: "of this query", boost: 1 }));
  const functions = FUNCTIONS.map((fn): Completion => ({
    label: fn.name,
    type: "function",
    detail: fn.signature.slice(fn.name.length),
    info: fn.doc,
    apply: `${fn.name}(`,
    boost: place === "aggregate" && fn.kind === "aggregate" ? 3 : 0,
  }));
  return [...unique([...fields, ...aliases]), ...functions, ...KEYWORDS.map((label): Completion => ({ label, type: "keyword", boost: -1 }))];
}

function unique(options: Completion[]): Completion[] {
  const seen = new Set<string>();
  return options.filter((option) => !seen.has(option.label) && seen.add(option.label));
}

function rows(dataset: Dataset): string {
  return dataset.rows === null ? "" : `${dataset.rows.toLocaleString("en-US")} rows`;
}
