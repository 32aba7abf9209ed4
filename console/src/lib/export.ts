// Results as files and on the clipboard.

import type { Cell, Column } from "@/api/types";
import { cellText } from "./sort";

/**
 * RFC 4180 CSV. A text that a spreadsheet would run as a formula gets a leading quote: log fields
 * are written by attackers.
 */
export function toCsv(columns: readonly Column[], rows: Iterable<readonly Cell[]>): string {
  const lines = [columns.map((column) => csvField(column.name)).join(",")];
  for (const row of rows) lines.push(columns.map((_column, i) => csvField(row[i] ?? null)).join(","));
  return `${lines.join("\r\n")}\r\n`;
}

function csvField(cell: Cell): string {
  let text = cellText(cell);
  if (typeof cell === "string" && /^[=+\-@\t\r]/.test(text) && !/^-?\d+(\.\d+)?$/.test(text)) text = `'${text}`;
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** An array of objects, one a row. */
export function toJson(columns: readonly Column[], rows: Iterable<readonly Cell[]>): string {
  const objects: string[] = [];
  for (const row of rows) objects.push(JSON.stringify(Object.fromEntries(columns.map((c, i) => [c.name, row[i] ?? null]))));
  return objects.length ? `[\n${objects.join(",\n")}\n]\n` : "[]\n";
}

/** Tab-separated, for pasting into a sheet or a ticket. */
export function toTsv(columns: readonly Column[], rows: Iterable<readonly Cell[]>): string {
  const clean = (text: string) => text.replace(/[\t\r\n]+/g, " ");
  const lines = [columns.map((column) => clean(column.name)).join("\t")];
  for (const row of rows) lines.push(columns.map((_column, i) => clean(cellText(row[i]))).join("\t"));
  return lines.join("\n");
}

export function download(name: string, type: string, text: string): void {
  const url = URL.createObjectURL(new Blob([text], { type }));
  const link = document.createElement("a");
  link.href = url;
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}

/** Copies text; over plain HTTP on another host than localhost browsers forbid the clipboard. */
export async function copy(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return copyBySelection(text);
  }
}

function copyBySelection(text: string): boolean {
  const area = document.createElement("textarea");
  area.value = text;
  area.className = "sr-only";
  document.body.append(area);
  area.select();
  const done = document.execCommand("copy");
  area.remove();
  return done;
}
