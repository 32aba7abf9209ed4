// What a `view graph` stage asks for, as series to draw. Pure: from rows to numbers.

import type { Cell, QueryResult, View, ViewParameter } from "@/api/types";
import { cut, visible } from "@/lib/hostile";
import { cellText } from "@/lib/sort";

/** How a kind of graph is drawn here; others are told and shown as a table. */
const SHAPES: Record<string, Graph["shape"]> = {
  column: "column", bar: "bar", line: "line", area: "area", scatter: "scatter", bubble: "scatter", pie: "pie", single: "single",
  funnel: "funnel", gauge: "gauge", wordcloud: "words", map: "bar",
};
/** Most places along the axis, by shape. */
const MOST = { column: 60, bar: 40, line: 2000, area: 2000, scatter: 2000, pie: 12, single: 1, funnel: 20, gauge: 1, words: 80 };
const MOST_SERIES = 12;

export interface Series {
  name: string;
  color: string | null;
  /** One a label; null where the rows say nothing. */
  values: (number | null)[];
}
export interface Graph {
  shape: "column" | "bar" | "line" | "area" | "scatter" | "pie" | "single" | "funnel" | "gauge" | "words";
  stacked: boolean;
  title: string;
  xTitle: string;
  yTitle: string;
  labels: string[];
  series: Series[];
  /** Of a gauge: where its scale ends. */
  most: number;
  /** What was left out. */
  notes: string[];
}

/** The graph, or a sentence that says why there is none. */
export function graphOf(result: Pick<QueryResult, "columns" | "rows">, parameters: readonly ViewParameter[]): Graph | string {
  const all = (name: string) => parameters.filter((p) => p.name === name).map((p) => p.values.map((v) => v.text));
  const one = (name: string) => all(name)[0]?.[0] ?? "";
  const type = one("type").toLowerCase() || "column";
  if (type === "table") return "";
  const shape = one("layout").toLowerCase() === "horizontal" && type === "column" ? "bar" : SHAPES[type];
  if (!shape) return `A ${text(type)} is not drawn in this version. The rows are below.`;
  const at = (field: string) => result.columns.findIndex((column) => column.name.toLowerCase() === field.toLowerCase());
  const x = at(one("xaxis"));
  const ys = (all("yaxis").flat().length ? all("yaxis").flat() : [one("xaxis")]).map(at);
  const by = one("series") ? at(one("series")) : -1;
  const numbers = ys.filter((y) => y >= 0);
  if (numbers.length === 0 || (x < 0 && shape !== "single" && shape !== "gauge")) return "The graph names columns that the rows do not have.";

  const notes: string[] = type === "map" ? ["No map comes with Vedette: its places are drawn as bars."] : [];
  const places = new Map<string, number>();
  const series = new Map<string, Series>();
  let dropped = 0;
  let crowded = 0;
  for (const row of result.rows) {
    const label = shape === "single" || shape === "gauge" ? "" : text(x < 0 ? null : (row[x] ?? null));
    if (!places.has(label)) {
      if (places.size >= MOST[shape]) {
        dropped += 1;
        continue;
      }
      places.set(label, places.size);
    }
    for (const y of numbers) {
      const column = result.columns[y]?.name ?? "";
      const key = by >= 0 ? text(row[by] ?? null) : column;
      let found = series.get(key);
      if (!found) {
        if (series.size >= MOST_SERIES) {
          crowded += 1;
          continue;
        }
        found = { name: titleOf(key, all("seriestitle")), color: colorOf(key, all("seriescolor")), values: [] };
        series.set(key, found);
      }
      const place = places.get(label) ?? 0;
      const value = numberOf(row[y] ?? null);
      // Rows of one place and series add up.
      if (value !== null) found.values[place] = (found.values[place] ?? 0) + value;
    }
  }
  const labels = [...places.keys()];
  for (const found of series.values()) found.values = labels.map((_, i) => found.values[i] ?? null);
  if (dropped > 0) notes.push(`The first ${labels.length} places are drawn; ${dropped} ${dropped === 1 ? "row has" : "rows have"} others.`);
  if (crowded > 0) notes.push(`The first ${MOST_SERIES} series are drawn.`);
  if ([...series.values()].every((found) => found.values.every((value) => value === null))) return "The graph's column holds no numbers.";
  return {
    shape, labels, notes, series: [...series.values()], most: scaleEnd(one("maxscalerange"), [...series.values()][0]?.values[0] ?? 0),
    stacked: ["stacked", "full"].includes(one("subtype").toLowerCase()),
    title: text(one("header")), xTitle: text(one("xaxistitle") || one("xaxis")), yTitle: text(one("yaxistitle")),
  };
}

/** Columns in the order they are shown: those that hold something first, where the query asks for it. */
export function columnOrder(result: Pick<QueryResult, "columns" | "rows">, views: readonly View[]): number[] {
  const all = result.columns.map((_, i) => i);
  if (!views.some((view) => view.view === "column_order" && view.populated)) return all;
  const filled = (i: number) => result.rows.some((row) => row[i] !== null && row[i] !== undefined && row[i] !== "");
  return [...all.filter(filled), ...all.filter((i) => !filled(i))];
}

/** Is this cell to be marked? */
export function highlighted(views: readonly View[], column: string, cell: Cell | undefined): boolean {
  return views.some(
    (view) =>
      view.view === "highlight" &&
      view.fields.some((field) => field.name === column.toLowerCase()) &&
      cell !== null && cell !== undefined &&
      (view.values.length === 0 || view.values.some((value) => cellText(cell).toLowerCase().includes(value.toLowerCase()))),
  );
}

function text(cell: Cell): string {
  return cell === null ? "null" : cut(visible(cellText(cell)), 80);
}

function numberOf(cell: Cell): number | null {
  if (typeof cell !== "number" && typeof cell !== "bigint" && typeof cell !== "string") return null;
  if (cell === "") return null;
  const number = Number(cell);
  return Number.isFinite(number) ? number : null;
}

/** Where the query says a gauge ends, or the next 1, 2 or 5 times a power of ten. */
function scaleEnd(said: string, value: number): number {
  const most = Number(said);
  if (said !== "" && Number.isFinite(most) && most > 0) return most;
  const power = 10 ** Math.floor(Math.log10(Math.max(Math.abs(value), 1)));
  return [1, 2, 5, 10].map((step) => step * power).find((end) => end >= value) ?? value;
}

function titleOf(key: string, titles: string[][]): string {
  const title = titles.find(([field]) => field?.toLowerCase() === key.toLowerCase())?.[1];
  return title === undefined ? key : text(title);
}

/** Only a plain colour is taken over: what is written into a query may come from anyone. */
function colorOf(key: string, colors: string[][]): string | null {
  const color = colors.find(([field]) => field?.toLowerCase() === key.toLowerCase())?.[1] ?? "";
  return /^#([0-9a-f]{3}|[0-9a-f]{6})$/i.test(color) ? color : null;
}
