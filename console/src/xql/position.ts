// From the server's positions to the editor's: lines and columns count from 1, columns in characters
// (code points); the editor counts UTF-16 units from 0.

import type { Diagnostic } from "@/api/types";

/** The offset of a line and column in `text`, held within it. */
export function offsetOf(text: string, line: number, column: number): number {
  let start = 0;
  for (let n = 1; n < line; n++) {
    const end = text.indexOf("\n", start);
    if (end < 0) return text.length;
    start = end + 1;
  }
  const end = text.indexOf("\n", start);
  const lineEnd = end < 0 ? text.length : end;
  let at = start;
  for (let n = 1; n < column && at < lineEnd; n++) at += (text.codePointAt(at) ?? 0) > 0xffff ? 2 : 1;
  return Math.min(at, lineEnd);
}

/** What a diagnostic points at; at least one character where there is one. */
export function rangeOf(text: string, diagnostic: Diagnostic): { from: number; to: number } {
  const from = offsetOf(text, diagnostic.line, diagnostic.column);
  const to = offsetOf(text, diagnostic.end_line, diagnostic.end_column);
  if (to > from) return { from, to };
  return from < text.length ? { from, to: from + 1 } : { from: Math.max(0, from - 1), to: from };
}
