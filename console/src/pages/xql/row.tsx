// One row, whole: every field with its value, what is null left to the end.

import type { Cell, Column } from "@/api/types";
import { useZone } from "@/lib/time";
import { Icon } from "@/ui/icon";
import { CopyButton, Outside } from "@/ui/text";
import { shown } from "./result";

/** Longest text shown of one field: a log line may be a megabyte. */
const VALUE_LIMIT = 20_000;

export function RowDetail({ columns, row, close }: { columns: Column[]; row: Cell[]; close: () => void }) {
  const zone = useZone();
  const fields = columns.map((column, i) => ({ column, value: row[i] ?? null }));
  const filled = fields.filter(({ value }) => value !== null);
  const empty = fields.filter(({ value }) => value === null);
  const json = () => JSON.stringify(Object.fromEntries(fields.map(({ column, value }) => [column.name, value])), null, 2);
  return (
    <aside aria-label="Row" className="flex w-96 max-w-[45%] shrink-0 flex-col border-l border-line">
      <header className="flex items-center justify-between border-b border-line px-3 py-1">
        <h2 className="text-xs font-semibold">Row</h2>
        <span className="flex items-center gap-1">
          <CopyButton text={json()} label="Copy as JSON" />
          <button type="button" aria-label="Close the row" onClick={close} className="rounded p-1 text-muted hover:bg-raised hover:text-text"><Icon name="cross" size={15} /></button>
        </span>
      </header>
      <dl className="min-h-0 flex-1 overflow-auto px-3 py-2" tabIndex={0} role="group" aria-label="Fields of the row">
        {filled.map(({ column, value }) => (
          <div key={column.name} className="border-b border-line py-1 last:border-0">
            <dt className="text-xs text-muted">{column.name}</dt>
            <dd className="font-mono text-xs break-words whitespace-pre-wrap"><Outside text={shown(value, column.type, zone)} max={VALUE_LIMIT} /></dd>
          </div>
        ))}
        {empty.length > 0 && (
          <div className="py-1.5">
            <dt className="text-xs text-muted">Null</dt>
            <dd className="text-xs break-words text-muted">{empty.map(({ column }) => column.name).join(", ")}</dd>
          </div>
        )}
      </dl>
    </aside>
  );
}
