// Answers for XQL: canned by what the query mentions. It is no engine.
import { HOSTILE, iso } from "./data.mjs";

const FIELDS = new Set(["source_ip", "target_ip", "target_port", "ipp"]);

export function check(query) {
  const at = query.indexOf("ipp");
  if (at < 0 || !FIELDS.has("ipp")) return [];
  const line = query.slice(0, at).split("\n").length;
  const column = at - query.lastIndexOf("\n", at - 1);
  return [{
    severity: "error", code: "XQL012", message: "There is no field ipp in xdr_data.", help: "Did you mean source_ip?",
    line, column, end_line: line, end_column: column + 3, start: at, end: at + 3,
    fix: { start: Buffer.byteLength(query.slice(0, at)), end: Buffer.byteLength(query.slice(0, at)) + 3, text: "ip" },
  }];
}

const WORDS = {
  dataset: ["xdr_data", "alerts"], stage: ["filter", "comp", "alter", "fields"], field: ["outcome", "source_ip", "target_port"],
  function: ["count", "count_distinct", "values"],
};

/** What could stand at a place, by the few words before it. */
export function complete(query, offset) {
  const before = Buffer.from(query).subarray(0, offset).toString();
  const kind = /dataset\s*=\s*$/.test(before) ? "dataset" : /\|\s*$/.test(before) ? "stage" : /\bcomp\s+$/.test(before) ? "function" : "field";
  const behind = { function: "(", stage: " " }[kind] ?? "";
  const items = WORDS[kind].map((label) => ({ label, kind, detail: kind === "function" ? `${label}(field)` : "", doc: `What ${label} is.`, insert: label + behind }));
  return { start: offset, end: offset, items };
}

/** What stands at a place: only `filter` is known. */
export function hover(query, offset) {
  const start = query.indexOf("filter");
  if (start < 0 || offset < start || offset > start + 6) return { start: 0, end: 0, text: "" };
  return { start, end: start + 6, text: "```xql\nfilter condition\n```\nKeeps the rows for which the **condition** is true." };
}

export function run(query, limit) {
  const result = rowsOf(query, limit);
  const graph = /view graph type = (\w+) xaxis = (\w+) yaxis = (\w+)/.exec(query);
  if (graph) {
    const parameters = ["type", "xaxis", "yaxis"].map((name, i) => ({ name, values: [{ text: graph[i + 1] }] }));
    result.views = [{ view: "graph", parameters }];
  }
  return result;
}

function rowsOf(query, limit) {
  if (query.includes("hostile")) return table([["name", "string"], ["_raw_log", "string"], ["n", "integer"]], [
    [HOSTILE.script, HOSTILE.rtl, 1], [`=cmd|' /C calc'!A0`, HOSTILE.long, null], ["plain", "a\nb\tc", 9007199254740993n],
  ]);
  if (query.includes("nothing")) return table([["n", "integer"]], []);
  if (query.includes("comp")) return table(
    [["source_ip", "string"], ["attempts", "integer"], ["ports", "integer"], ["hosts", "integer"], ["first_seen", "timestamp"], ["share", "float"], ["actions", "array of strings"]],
    Array.from({ length: 40 }, (_, i) => [`203.0.113.${i}`, 4000 - i * 37, 1000 - i * 11, 1 + (i % 5), iso(-i * 60_000), i / 7, ["accepted", "refused"]]));
  const rows = Math.min(limit, 25_000);
  return table(
    [["_time", "timestamp"], ["source_ip", "string"], ["source_port", "integer"], ["target_ip", "string"], ["target_port", "integer"], ["outcome", "string"], ["direction", "string"], ["agent_hostname", "string"], ["actor_process_image_name", "string"]],
    Array.from({ length: rows }, (_, i) => [iso(-i * 13), `203.0.113.${i % 250}`, 40_000 + (i % 20_000), "198.51.100.5", (i * 7919) % 65_536, i % 9 ? "refused" : "accepted", "inbound", "web-01", null]),
    rows === limit);
}

function table(columns, rows, limit_hit = false) {
  return {
    columns: columns.map(([name, type]) => ({ name, type })), rows, row_count: rows.length, limit_hit,
    stats: { elapsed_ms: 14, rows_scanned: 182_231, bytes_scanned: null }, warnings: [], views: [],
  };
}

/** JSON with big integers as digits, which JSON.stringify refuses. */
export function stringify(value) {
  return JSON.stringify(value, (_key, v) => (typeof v === "bigint" ? `@big${v}` : v)).replace(/"@big(\d+)"/g, "$1");
}
