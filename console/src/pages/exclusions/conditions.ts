// Conditions of an exclusion as the texts of a form, and back.

import type { Conditions } from "@/api/exclusions";
import type { Severity } from "@/api/types";

export const FIELDS = [
  { name: "sources", label: "Sources", hint: "10.0.0.9, 10.1.0.0/16", list: true },
  { name: "targets", label: "Targets", hint: "addresses and networks", list: true },
  { name: "hosts", label: "Hosts", hint: "names", list: true },
  { name: "ports", label: "Ports", hint: "22,8000-8100", list: false },
  { name: "scan_types", label: "Techniques", hint: "tcp_syn, udp", list: true },
  { name: "name", label: "Name", hint: "* stands for any text", list: false },
  { name: "category", label: "Category", hint: "", list: false },
  { name: "rule_id", label: "Rule number", hint: "", list: false },
  { name: "raised_by", label: "Raised by", hint: "detection, correlation, external", list: true },
  { name: "severity_at_most", label: "Severity to", hint: "informational … critical", list: false },
] as const;

export type FieldName = (typeof FIELDS)[number]["name"];
export type Texts = Record<FieldName, string>;

export function toText(conditions: Conditions): Texts {
  const text = (value: unknown) => (value === undefined ? "" : Array.isArray(value) ? value.join(", ") : String(value));
  return Object.fromEntries(FIELDS.map(({ name }) => [name, text(conditions[name])])) as Texts;
}

/** What the fields in use say; an empty one says nothing. */
export function fromText(texts: Texts, used: ReadonlySet<FieldName>): Conditions {
  const conditions: Record<string, unknown> = {};
  for (const { name, list } of FIELDS) {
    const text = texts[name].trim();
    if (!used.has(name) || text === "") continue;
    // The server says what is wrong with what is none of its words.
    if (list) conditions[name] = text.split(",").map((part) => part.trim()).filter(Boolean);
    else if (name === "rule_id") conditions[name] = Number(text);
    else if (name === "severity_at_most") conditions[name] = text.toLowerCase() as Severity;
    else conditions[name] = text;
  }
  return conditions;
}

export const isEmpty = (conditions: Conditions) => Object.keys(conditions).length === 0;
