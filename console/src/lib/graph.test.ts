import { expect, test } from "vitest";
import type { ViewParameter } from "@/api/types";
import { columnOrder, graphOf, highlighted } from "./graph";

const parameters = (given: Record<string, string | string[]>): ViewParameter[] =>
  Object.entries(given).map(([name, value]) => ({ name, values: [value].flat().map((text) => ({ text })) }));
const result = {
  columns: [{ name: "host", type: "string" }, { name: "n", type: "integer" }, { name: "Kind", type: "string" }],
  rows: [["a", 3, "x"], ["b", 4, "y"], ["a", 5, "y"], [null, null, "x"]],
};
const drawn = (given: Record<string, string | string[]>) => {
  const graph = graphOf(result, parameters(given));
  if (typeof graph === "string") throw new Error(graph);
  return graph;
};

test("rows of one place add up, and places keep their order", () => {
  const graph = drawn({ type: "column", xaxis: "host", yaxis: "n", header: "Hosts" });
  expect(graph.labels).toEqual(["a", "b", "null"]);
  expect(graph.series).toEqual([{ name: "n", color: null, values: [8, 4, null] }]);
  expect(graph.title).toBe("Hosts");
});

test("a series a value, with its title and colour", () => {
  const graph = drawn({ type: "line", xaxis: "HOST", yaxis: "n", series: "kind", seriescolor: ["x", "#0af"], seriestitle: ["y", "Why"] });
  expect(graph.series).toEqual([
    { name: "x", color: "#0af", values: [3, null, null] },
    { name: "Why", color: null, values: [5, 4, null] },
  ]);
});

test("colours are colours and nothing else", () => {
  for (const color of ["red;background:url(//x)", "#12345", "url(#a)", "#ggg"]) {
    expect(drawn({ xaxis: "host", yaxis: "n", seriescolor: ["n", color] }).series[0]?.color).toBeNull();
  }
});

test("what cannot be drawn says so", () => {
  expect(graphOf(result, parameters({ type: "map", xaxis: "host", yaxis: "n" }))).toContain("A map is not drawn");
  expect(graphOf(result, parameters({ type: "pie", xaxis: "gone", yaxis: "n" }))).toContain("do not have");
  expect(graphOf(result, parameters({ type: "pie", xaxis: "host", yaxis: "kind" }))).toContain("no numbers");
  expect(graphOf(result, parameters({ type: "table" }))).toBe("");
});

test("too many places are cut and told", () => {
  const many = { columns: result.columns, rows: Array.from({ length: 100 }, (_, i) => [`h${i}`, i, "x"]) };
  const graph = graphOf(many, parameters({ type: "pie", xaxis: "host", yaxis: "n" }));
  if (typeof graph === "string") throw new Error(graph);
  expect(graph.labels).toHaveLength(12);
  expect(graph.notes[0]).toContain("88 rows");
});

test("columns that hold something come first, and values are marked", () => {
  const sparse = { columns: result.columns, rows: [[null, 1, "x"]] };
  expect(columnOrder(sparse, [{ view: "column_order", populated: true }])).toEqual([1, 2, 0]);
  expect(columnOrder(sparse, [])).toEqual([0, 1, 2]);
  const views = [{ view: "highlight" as const, fields: [{ name: "kind" }], values: ["ADM"] }];
  expect(highlighted(views, "Kind", "admin")).toBe(true);
  expect(highlighted(views, "Kind", null)).toBe(false);
  expect(highlighted(views, "host", "admin")).toBe(false);
});
