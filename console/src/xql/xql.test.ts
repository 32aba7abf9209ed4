import { StringStream } from "@codemirror/language";
import { describe, expect, it } from "vitest";
import functionTable from "../../../crates/xql/src/functions.rs?raw";
import type { Diagnostic } from "@/api/types";
import { bytesBefore, options, placeOfByte, wants } from "./completion";
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
  it("are the functions and stages of the server's tables", () => {
    const functions = [...functionTable.matchAll(/row\((?:YES|NO), \w+, "(\w+)"/g)].map((match) => match[1]);
    expect(functions.length).toBeGreaterThan(100);
    expect(FUNCTIONS.toSorted()).toEqual(functions.toSorted());
    const files = import.meta.glob<string>("../../../crates/xql/src/stages/*.rs", { query: "?raw", import: "default", eager: true });
    const stages = Object.values(files).flatMap((text) => [...text.matchAll(/^ {4}name: "(\w+)"/gm)].map((match) => match[1]));
    expect(STAGES.toSorted()).toEqual([...new Set(stages)].toSorted());
  });
});

describe("completion", () => {
  it("speaks the server's places", () => {
    const text = 'filter a = "🛡ä" and b';
    expect(bytesBefore(text, text.length)).toBe(text.length + 2 + 1);
    for (const place of [0, 11, 12, 14, 15, text.length]) expect(placeOfByte(text, bytesBefore(text, place))).toBe(place);
    expect(placeOfByte("ab", 99)).toBe(2);
  });
  it("asks by itself only where something must follow", () => {
    for (const before of ["", "dataset = ", "dataset = a |", "dataset = a\n| ", "comp sum(", "fields a, ", "xdm."]) expect(wants(before), before).toBe(true);
    for (const before of ["dataset", "filter a ", "limit 5"]) expect(wants(before), before).toBe(false);
  });
  it("keeps the server's order", () => {
    const item = (label: string, kind: "field" | "function") => ({ label, kind, detail: `${label}(x)`, doc: "", insert: label });
    const [first, second] = options([item("b", "field"), item("a", "function")]);
    expect(first?.boost).toBeGreaterThan(second?.boost ?? 0);
    expect(second?.detail).toBe("(x)");
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
