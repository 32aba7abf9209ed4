// A rule as a form holds it, and back.

import type { RuleText } from "@/api/types";

export const FRESH: RuleText = {
  name: "",
  description: "",
  query: "dataset = xdr_data\n| filter outcome = \"refused\"\n| comp count() as attempts by source_ip\n| filter attempts > 100",
  severity: "medium",
  category: "",
  alert_name: "$attempts refused attempts by $source_ip",
  alert_description: "",
  alert_fields: {},
  mitre: { tactics: [], techniques: [] },
  mode: "scheduled",
  schedule: "10 minutes",
  timezone: "",
  search_window: "",
  suppress_for: "",
  suppress_by: [],
  drilldown: "",
  action: "alert",
  dataset: "",
};

/** `a, b` as its parts. */
export function words(text: string): string[] {
  return text.split(/[\s,]+/).filter(Boolean);
}

/** `source_ips = client` a line as pairs; what is no pair is left out. */
export function pairs(text: string): Record<string, string> {
  const found = text.split("\n").map((line) => /^\s*([^=\s]+)\s*=\s*\$?(\S+)\s*$/.exec(line));
  return Object.fromEntries(found.flatMap((match) => (match?.[1] && match[2] ? [[match[1], match[2]]] : [])));
}

export function pairLines(map: Record<string, string>): string {
  return Object.entries(map).map(([name, field]) => `${name} = ${field}`).join("\n");
}

export const keepsLookup = (action: RuleText["action"]) => action === "lookup" || action === "lookup_remove";

/**
 * A real-time rule has no schedule and no window, and one that saves its rows keeps none back: what
 * the form still holds of them is left out.
 */
export function cleaned(rule: RuleText): RuleText {
  const { lookup_keys, lookup_fields, ...plain } = rule;
  if (rule.mode !== "scheduled") return { ...plain, action: "alert", dataset: "", schedule: "", timezone: "", search_window: "" };
  if (rule.action === "alert") return { ...plain, dataset: "" };
  const saved = { ...plain, suppress_for: "", suppress_by: [] };
  return keepsLookup(rule.action) ? { ...saved, lookup_keys: lookup_keys ?? [], lookup_fields: lookup_fields ?? {} } : saved;
}
