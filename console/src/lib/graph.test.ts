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
  expect(graphOf(result, parameters({ type: "hologram", xaxis: "host", yaxis: "n" }))).toContain("A hologram is not drawn");
  expect(graphOf(result, parameters({ type: "pie", xaxis: "gone", yaxis: "n" }))).toContain("do not have");
  expect(graphOf(result, parameters({ type: "pie", xaxis: "host", yaxis: "kind" }))).toContain("no numbers");
  expect(graphOf(result, parameters({ type: "table" }))).toBe("");
});

test("funnels, gauges and clouds of words are drawn, and a map as bars with a note", () => {
  expect(drawn({ type: "funnel", xaxis: "host", yaxis: "n" })).toMatchObject({ shape: "funnel", labels: ["a", "b", "null"] });
  expect(drawn({ type: "wordcloud", xaxis: "host", yaxis: "n" })).toMatchObject({ shape: "words", labels: ["a", "b", "null"] });
  const map = drawn({ type: "map", xaxis: "host", yaxis: "n" });
  expect(map.shape).toBe("bar");
  expect(map.notes[0]).toContain("No map");
  // 3 + 4 + 5, on a scale of its own or on that of the query.
  expect(drawn({ type: "gauge", yaxis: "n" })).toMatchObject({ shape: "gauge", most: 20, series: [{ values: [12] }] });
  expect(drawn({ type: "gauge", yaxis: "n", maxscalerange: "500" }).most).toBe(500);
  expect(drawn({ type: "gauge", yaxis: "n", maxscalerange: "-1" }).most).toBe(20);
  expect(drawn({ type: "gauge", yaxis: "n", maxscalerange: "1e999" }).most).toBe(20);
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
