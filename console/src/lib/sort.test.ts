import { expect, it } from "vitest";
import type { Cell } from "@/api/types";
import { compareCells, nextSort, sortedOrder } from "./sort";

const sorted = (cells: Cell[], descending = false) =>
  sortedOrder(cells.map((cell) => [cell]), { column: 0, descending }).map((i) => cells[i]);

it("sorts numbers as numbers and text as text", () => {
  expect(sorted([10, 9, 100])).toEqual([9, 10, 100]);
  expect(sorted(["10", "9", "100"])).toEqual(["10", "100", "9"]);
  expect(sorted([true, false])).toEqual([false, true]);
});

it("puts nulls first ascending and last descending, and keeps ties in order", () => {
  expect(sorted([2, null, 1])).toEqual([null, 1, 2]);
  expect(sorted([2, null, 1], true)).toEqual([2, 1, null]);
  expect(sortedOrder([["a", 1], ["b", 1], ["c", 1]], { column: 1, descending: true })).toEqual([0, 1, 2]);
});

it("compares integers beyond 2^53 exactly", () => {
  expect(compareCells("9007199254740993", 5)).toBeGreaterThan(0);
  expect(sorted(["9007199254740993", 7])).toEqual([7, "9007199254740993"]);
});

it("takes lists and missing cells", () => {
  expect(compareCells(["a"], ["b"])).toBeLessThan(0);
  expect(compareCells(undefined, null)).toBe(0);
  expect(sortedOrder([[1], [2]], null)).toEqual([0, 1]);
});

it("goes round: ascending, descending, as it came", () => {
  const first = nextSort(null, 3);
  expect(first).toEqual({ column: 3, descending: false });
  const second = nextSort(first, 3);
  expect(second).toEqual({ column: 3, descending: true });
  expect(nextSort(second, 3)).toBeNull();
  expect(nextSort(second, 1)).toEqual({ column: 1, descending: false });
});
