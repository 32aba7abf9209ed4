// A table of many rows: only those in view are in the page. A real <table>, so that it reads, copies
// and prints as one; the rows out of view are two spacers.

import { useVirtualizer } from "@tanstack/react-virtual";
import { type KeyboardEvent, type ReactNode, useRef } from "react";
import { nextSort, type SortState } from "@/lib/sort";
import { Icon } from "./icon";

export interface GridColumn {
  name: string;
  /** Shown beneath the name. */
  note?: string;
  /** Width in pixels. */
  width: number;
  right?: boolean;
}

interface GridProps {
  label: string;
  columns: readonly GridColumn[];
  rowCount: number;
  /** The content of a cell; `row` counts as shown. */
  cell: (row: number, column: number) => ReactNode;
  sort: SortState | null;
  onSort: (sort: SortState | null) => void;
  onOpen?: (row: number) => void;
  openRow?: number | null;
  className?: string;
}

const ROW_HEIGHT = 27;

export function Grid({ label, columns, rowCount, cell, sort, onSort, onOpen, openRow, className = "" }: GridProps) {
  const scroller = useRef<HTMLDivElement>(null);
  const rows = useVirtualizer({
    count: rowCount,
    getScrollElement: () => scroller.current,
    estimateSize: () => ROW_HEIGHT,
    overscan: 12,
  });
  const items = rows.getVirtualItems();
  const above = items[0]?.start ?? 0;
  const below = rows.getTotalSize() - (items.at(-1)?.end ?? 0);
  const onKeyDown = (event: KeyboardEvent) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (!step || !onOpen || openRow === null || openRow === undefined) return;
    event.preventDefault();
    const next = Math.min(rowCount - 1, Math.max(0, openRow + step));
    onOpen(next);
    rows.scrollToIndex(next);
  };
  return (
    <div ref={scroller} role="region" aria-label={label} tabIndex={0} onKeyDown={onKeyDown} className={`overflow-auto ${className}`}>
      <table className="min-w-full table-fixed border-separate border-spacing-0" style={{ width: columns.reduce((sum, c) => sum + c.width, 0) }} aria-rowcount={rowCount + 1}>
        <colgroup>
          {columns.map((column, i) => <col key={i} style={{ width: column.width }} />)}
        </colgroup>
        <thead className="sticky top-0 z-10">
          <tr aria-rowindex={1}>
            {columns.map((column, i) => (
              <Head key={i} column={column} state={sort?.column === i ? sort : null} onClick={() => onSort(nextSort(sort, i))} />
            ))}
          </tr>
        </thead>
        <tbody>
          {above > 0 && <Spacer height={above} span={columns.length} />}
          {items.map((item) => (
            <tr
              key={item.key}
              aria-rowindex={item.index + 2}
              aria-selected={onOpen ? item.index === openRow : undefined}
              onClick={onOpen && (() => onOpen(item.index))}
              style={{ height: ROW_HEIGHT }}
              className={`${onOpen ? "cursor-pointer" : ""} ${item.index === openRow ? "bg-accent-soft" : "hover:bg-raised"}`}
            >
              {columns.map((column, i) => (
                <td key={i} className={`truncate border-b border-line px-2.5 ${column.right ? "num text-right" : ""}`}>
                  {cell(item.index, i)}
                </td>
              ))}
            </tr>
          ))}
          {below > 0 && <Spacer height={below} span={columns.length} />}
        </tbody>
      </table>
    </div>
  );
}

function Spacer({ height, span }: { height: number; span: number }) {
  return (
    <tr aria-hidden="true" style={{ height }}>
      <td colSpan={span} className="p-0" />
    </tr>
  );
}

function Head({ column, state, onClick }: { column: GridColumn; state: SortState | null; onClick: () => void }) {
  return (
    <th
      scope="col"
      aria-sort={state ? (state.descending ? "descending" : "ascending") : "none"}
      className={`border-b border-line-strong bg-panel p-0 text-xs text-muted ${column.right ? "text-right" : ""}`}
    >
      <button
        type="button"
        onClick={onClick}
        title={column.note ? `${column.name} (${column.note})` : column.name}
        className={`flex w-full min-w-0 items-center gap-1 px-2.5 py-1.5 hover:text-text ${column.right ? "justify-end" : ""}`}
      >
        <span className="truncate">{column.name}</span>
        {state && <Icon name={state.descending ? "arrowDown" : "arrowUp"} size={12} />}
      </button>
    </th>
  );
}
