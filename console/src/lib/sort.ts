// Sorting rows by one column, by the rules XQL has: nulls first ascending and last descending,
// numbers as numbers, stable.

import type { Cell } from "@/api/types";

export interface SortState {
  column: number;
  descending: boolean;
}

const collator = new Intl.Collator("en", { numeric: false });
const INTEGER = /^-?\d+$/;

/** Orders two cells; nulls first. */
export function compareCells(a: Cell | undefined, b: Cell | undefined): number {
  const left = a ?? null;
  const right = b ?? null;
  if (left === right) return 0;
  if (left === null) return -1;
  if (right === null) return 1;
  if (typeof left === "number" && typeof right === "number") return left - right;
  if (typeof left === "boolean" && typeof right === "boolean") return Number(left) - Number(right);
  // An integer beyond 2^53 arrives as text among numbers.
  if (typeof left !== typeof right && isInteger(left) && isInteger(right)) {
    const difference = BigInt(left) - BigInt(right);
    return difference < 0n ? -1 : difference > 0n ? 1 : 0;
  }
  return collator.compare(cellText(left), cellText(right));
}

function isInteger(cell: Cell): cell is string | number {
  return typeof cell === "number" ? Number.isInteger(cell) : typeof cell === "string" && INTEGER.test(cell);
}

/** A cell as text: lists and objects as JSON, null as nothing. */
export function cellText(cell: Cell | undefined): string {
  if (cell === null || cell === undefined) return "";
  return typeof cell === "object" ? JSON.stringify(cell) : String(cell);
}

/** The order of row numbers under a sort. */
export function sortedOrder(rows: readonly (readonly Cell[])[], sort: SortState | null): number[] {
  const order = rows.map((_row, index) => index);
  if (!sort) return order;
  const sign = sort.descending ? -1 : 1;
  return order.sort((a, b) => sign * compareCells(rows[a]?.[sort.column], rows[b]?.[sort.column]) || a - b);
}

/** What a click on a header does: ascending, descending, as it came. */
export function nextSort(sort: SortState | null, column: number): SortState | null {
  if (sort?.column !== column) return { column, descending: false };
  return sort.descending ? null : { column, descending: true };
}
