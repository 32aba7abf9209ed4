import { StringStream } from "@codemirror/language";
import { describe, expect, it } from "vitest";
import functionTable from "../../../crates/xql/src/functions.rs?raw";
import stageTable from "../../../crates/xql/src/stages.rs?raw";
import type { Dataset, Diagnostic } from "@/api/types";
import { aliasesOf, datasetsOf, placeOf } from "./completion";
import { offsetOf, rangeOf } from "./position";
import { type TokenState, xqlParser } from "./tokens";
import { FUNCTIONS, STAGES } from "./words";

/** The tokens of a text: `[text, style]`, blanks left out. */
function tokens(text: string): [string, string | null][] {
  const state = xqlParser.startState?.(2) as TokenState;
  const out: [string, string | null][] = [];
  for (const line of text.split("\n")) {
    const stream = new StringStream(line, 2, 2);
    while (!stream.eol()) {
      stream.start = stream.pos;
      const style = xqlParser.token(stream, state);
      if (stream.current().trim()) out.push([stream.current(), style]);
      expect(stream.pos).toBeGreaterThan(stream.start);
    }
  }
  return out;
}
const style = (text: string, word: string) => tokens(text).find(([token]) => token === word)?.[1];

describe("tokeniser", () => {
  it("knows stages, functions, words, numbers and strings", () => {
    const query = 'dataset = xdr_data | filter action_remote_port = 445 and name contains "a" | comp count() as n by ip';
    expect(style(query, "dataset")).toBe("stage");
    expect(style(query, "xdr_data")).toBe("variableName");
    expect(style(query, "filter")).toBe("stage");
    expect(style(query, "445")).toBe("number");
    expect(style(query, "contains")).toBe("keyword");
    expect(style(query, "count")).toBe("functionName");
    expect(style(query, '"a"')).toBe("string");
    expect(style("config timeframe = 24h | dataset = x", "24h")).toBe("number");
  });
  it("takes a stage name for a stage only where one may stand", () => {
    expect(style("dataset = a | filter fields = 1", "fields")).toBe("variableName");
    expect(style("dataset = a\n| FIELDS b", "FIELDS")).toBe("stage");
    expect(style("x in (dataset = a)", "dataset")).toBe("stage");
  });
  it("keeps // inside strings, and strings with escaped quotes whole", () => {
    expect(tokens('filter u = "http://a/b" // c')).toEqual([["filter", "stage"], ["u", "variableName"], ["=", "operator"], ['"http://a/b"', "string"], ["// c", "comment"]]);
    expect(style('a = "x\\"y" | limit 1', '"x\\"y"')).toBe("string");
    expect(style('a = "x\\\\" | limit 1', "limit")).toBe("stage");
  });
  it("carries comments and triple strings over lines", () => {
    expect(tokens("/* a\nfilter */ limit")).toEqual([["/* a", "comment"], ["filter */", "comment"], ["limit", "stage"]]);
    expect(tokens('x = """a\n"b" """ | limit')).toContainEqual(["limit", "stage"]);
  });
  it("gets through anything", () => {
    for (const text of ['"', '"""', "`", "/*", "\\", "\u0000\u202e", "🛡 | 🛡", "((((", '"\\', "1.2.3.4", "=".repeat(2000)]) tokens(text);
  });
});

describe("words", () => {
  it("are the functions the server runs", () => {
    const supported = [...functionTable.matchAll(/row\(YES, \w+, "(\w+)"/g)].map((match) => match[1]);
    expect(supported.length).toBeGreaterThan(20);
    expect(FUNCTIONS.map((fn) => fn.name).toSorted()).toEqual(supported.toSorted());
  });
  it("name no stage that the server does not run", () => {
    for (const { name } of STAGES) expect(stageTable, name).not.toMatch(new RegExp(`not_yet\\(\\s*"${name}"`));
  });
});

const DATASETS = [
  { name: "xdr_data", fields: [] }, { name: "panw_ngfw_threat_raw", fields: [] }, { name: "panw_ngfw_traffic_raw", fields: [] },
] as unknown as Dataset[];

describe("completion", () => {
  it("knows where it stands", () => {
    expect(placeOf("dataset = xd")).toBe("dataset");
    expect(placeOf("dataset in (a, b")).toBe("dataset");
    expect(placeOf("")).toBe("stage");
    expect(placeOf("dataset = a\n| fil")).toBe("stage");
    expect(placeOf("dataset = a | filter sou")).toBe("expression");
    expect(placeOf("dataset = a | comp cou")).toBe("aggregate");
    expect(placeOf('dataset = a | filter x = "so')).toBe("none");
    expect(placeOf("// dataset = ")).toBe("none");
    expect(placeOf('filter x = "a // b" | ')).toBe("stage");
  });
  it("finds the datasets and names of a query", () => {
    const names = (text: string) => datasetsOf(text, DATASETS).map((dataset) => dataset.name);
    expect(names("filter x = 1")).toEqual(["xdr_data"]);
    expect(names("dataset = panw*")).toEqual(["panw_ngfw_threat_raw", "panw_ngfw_traffic_raw"]);
    expect(names("dataset in (xdr_data, panw_ngfw_threat_raw)")).toHaveLength(2);
    expect(aliasesOf("| alter kind = if(a = 1, 2)\n| comp count() as n by kind")).toEqual(["kind", "n"]);
  });
});

describe("positions", () => {
  const at = (line: number, column: number, end_line = line, end_column = column + 1) =>
    ({ line, column, end_line, end_column }) as Diagnostic;
  it("count characters, not units", () => {
    expect(offsetOf("🛡🛡x", 1, 3)).toBe(4);
    expect(offsetOf("ab\ncd", 2, 2)).toBe(4);
    expect(rangeOf("a\nb 🏠 ipp", at(2, 5, 2, 8))).toEqual({ from: 7, to: 10 });
  });
  it("stay inside the text", () => {
    expect(offsetOf("ab", 9, 9)).toBe(2);
    expect(offsetOf("ab\ncd", 1, 99)).toBe(2);
    expect(rangeOf("ab", at(1, 3, 1, 3))).toEqual({ from: 1, to: 2 });
    expect(rangeOf("", at(1, 1, 1, 1))).toEqual({ from: 0, to: 0 });
  });
});
