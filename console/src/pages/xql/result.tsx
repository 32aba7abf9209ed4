// The result table: sorted here, copied and downloaded as shown; one row opened to the side.

import { useEffect, useMemo, useState } from "react";
import type { Cell, Column, QueryResult } from "@/api/types";
import { download, toCsv, toJson, toTsv, copy } from "@/lib/export";
import { bytes, count, elapsed, plural } from "@/lib/format";
import { columnOrder, highlighted } from "@/lib/graph";
import { cut, TITLE_LIMIT, visible } from "@/lib/hostile";
import { cellText, type SortState, sortedOrder } from "@/lib/sort";
import { stamp, useZone, type Zone } from "@/lib/time";
import { Grid, type GridColumn } from "@/ui/grid";
import { Icon } from "@/ui/icon";
import { MenuItem, MenuRoot } from "@/ui/menu";
import { Button, buttonClass, Empty } from "@/ui/parts";
import { QueryGraph } from "./graph";
import { Mistake } from "./problem";
import { RowDetail } from "./row";
import type { RunState } from "./run";

export function Result({ state }: { state: RunState }) {
  if (state.kind === "failed") return null;
  return (
    <section aria-label="Result" className="panel flex min-h-80 flex-1 flex-col overflow-hidden lg:min-h-0">
      {state.kind === "idle" && <Empty icon="xql" title="Run a query to see rows here." />}
      {state.kind === "running" && <Running since={state.since} />}
      {state.kind === "cancelled" && <Empty icon="stop" title="Cancelled. The server stopped the query." />}
      {state.kind === "done" && <Table key={state.milliseconds} result={state.result} query={state.query} milliseconds={state.milliseconds} />}
    </section>
  );
}

function Running({ since }: { since: number }) {
  const [now, setNow] = useState(() => performance.now());
  useEffect(() => {
    const timer = setInterval(() => setNow(performance.now()), 100);
    return () => clearInterval(timer);
  }, []);
  return <p role="status" className="num px-3.5 py-6 text-muted">Running… {((now - since) / 1000).toFixed(1)} s</p>;
}

function Table({ result: given, query, milliseconds }: { result: QueryResult; query: string; milliseconds: number }) {
  const zone = useZone();
  const result = useMemo(() => arranged(given), [given]);
  const [sort, setSort] = useState<SortState | null>(null);
  const [open, setOpen] = useState<number | null>(null);
  const order = useMemo(() => sortedOrder(result.rows, sort), [result.rows, sort]);
  const columns = useMemo(() => widths(result), [result]);
  const ordered = () => order.map((index) => result.rows[index] ?? []);
  const cell = (row: number, column: number) => {
    const value = result.rows[order[row] ?? -1]?.[column];
    const type = result.columns[column]?.type ?? "string";
    const marked = highlighted(result.views, result.columns[column]?.name ?? "", value);
    const text = <CellText value={value} type={type} zone={zone} />;
    return marked ? <mark>{text}</mark> : text;
  };
  const opened = open === null ? undefined : result.rows[order[open] ?? -1];
  return (
    <>
      <header className="flex flex-wrap items-center gap-x-3 gap-y-1 border-b border-line px-3.5 py-1.5">
        <p role="status" className="num">
          {plural(result.row_count, "row")}{" "}
          <span className="text-muted" title={`${elapsed(milliseconds)} with transport and display`}>in {elapsed(result.stats.elapsed_ms)}</span>
          {result.stats.rows_scanned !== null && <span className="text-muted">, {count(result.stats.rows_scanned)} rows read</span>}
          {result.stats.bytes_scanned !== null && <span className="text-muted"> ({bytes(result.stats.bytes_scanned)})</span>}
        </p>
        {result.limit_hit && (
          <p className="inline-flex items-center gap-1.5 text-medium">
            <Icon name="warning" size={14} /> Row limit reached: there are more rows.
          </p>
        )}
        {result.row_count > 0 && <Export columns={result.columns} rows={ordered} />}
      </header>
      {result.warnings.length > 0 && (
        <div className="max-h-32 space-y-2 overflow-auto border-b border-line px-3.5 py-2">
          {result.warnings.map((warning, i) => <Mistake key={i} diagnostic={warning} query={query} />)}
        </div>
      )}
      {result.row_count > 0 && <QueryGraph result={result} views={result.views} />}
      {result.row_count === 0 ? (
        <Empty title="No rows.">
          <p>Nothing in the chosen time frame fits the query. A longer time frame or a wider filter may find some.</p>
        </Empty>
      ) : (
        <div className="flex min-h-0 flex-1 max-lg:max-h-[70vh]">
          <Grid label="Rows" columns={columns} rowCount={order.length} cell={cell} sort={sort} onSort={setSort} onOpen={setOpen} openRow={open} className="min-w-0 flex-1" />
          {opened && <RowDetail columns={result.columns} row={opened} close={() => setOpen(null)} />}
        </div>
      )}
    </>
  );
}

/** The columns in the order that a `view column order` asks for. */
function arranged(result: QueryResult): QueryResult {
  const order = columnOrder(result, result.views);
  if (order.every((from, to) => from === to)) return result;
  const pick = <T,>(list: T[]) => order.flatMap((i) => { const item = list[i]; return item === undefined ? [] : [item]; });
  return { ...result, columns: pick(result.columns), rows: result.rows.map((row) => order.map((i) => row[i] ?? null)) };
}

/** Longest text put into a cell; the row's detail has the whole. */
const CELL_LIMIT = 240;

function CellText({ value, type, zone }: { value: Cell | undefined; type: string; zone: Zone }) {
  if (value === null || value === undefined) return <span className="text-faint italic">null</span>;
  const whole = visible(shown(value, type, zone));
  const text = cut(whole, CELL_LIMIT);
  return <bdi className="isolate-text font-mono text-xs" title={text.length > 18 ? cut(whole, TITLE_LIMIT) : undefined}>{text}</bdi>;
}

/** A cell for reading: times in the chosen zone, lists with commas. */
export function shown(value: Cell, type: string, zone: Zone): string {
  if (type === "timestamp" && typeof value === "string") return stamp(value, zone, 3);
  if (Array.isArray(value)) return value.map((item) => (item === null ? "null" : cellText(item))).join(", ");
  return cellText(value);
}

/** Column widths from the names and the first rows. */
export function widths(result: QueryResult): GridColumn[] {
  const sample = result.rows.slice(0, 60);
  return result.columns.map((column, i) => {
    const longest = sample.reduce((most, row) => Math.max(most, column.type === "timestamp" ? 23 : shown(row[i] ?? null, column.type, "utc").length), 4);
    const chars = Math.min(46, Math.max(longest, column.name.length + 3));
    const right = column.type === "integer" || column.type === "float";
    return { name: column.name, note: column.type, width: Math.round(chars * 7.3) + 26, right };
  });
}

function Export({ columns, rows }: { columns: Column[]; rows: () => Cell[][] }) {
  const [told, setTold] = useState("");
  useEffect(() => {
    const timer = setTimeout(() => setTold(""), 1800);
    return () => clearTimeout(timer);
  }, [told]);
  const name = () => `vedette-${new Date().toISOString().slice(0, 19).replaceAll(":", "")}`;
  return (
    <div className="ml-auto flex items-center gap-1">
      <Button kind="quiet" icon="copy" onClick={() => void copy(toTsv(columns, rows())).then((ok) => setTold(ok ? "Copied" : "Copy failed"))}>
        <span aria-live="polite">{told || "Copy"}</span>
      </Button>
      <MenuRoot label="Download" trigger={<button type="button" className={buttonClass("quiet")}><Icon name="download" size={15} /> Download</button>}>
        <MenuItem onSelect={() => download(`${name()}.csv`, "text/csv;charset=utf-8", toCsv(columns, rows()))}>CSV</MenuItem>
        <MenuItem onSelect={() => download(`${name()}.json`, "application/json", toJson(columns, rows()))}>JSON</MenuItem>
      </MenuRoot>
    </div>
  );
}
