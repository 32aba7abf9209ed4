// The queries run last, kept in this browser.

import { read, write } from "@/lib/storage";

export interface SavedQuery {
  query: string;
  at: string;
  rows: number | null;
}

const KEY = "vedette.xql.history";
const MOST = 30;
/** A query longer than this is not kept: the browser's storage is small. */
const LONGEST = 20_000;

export function savedQueries(): SavedQuery[] {
  try {
    const list: unknown = JSON.parse(read(KEY) ?? "[]");
    return Array.isArray(list) ? list.filter(isSaved).slice(0, MOST) : [];
  } catch {
    return [];
  }
}

function isSaved(entry: unknown): entry is SavedQuery {
  return typeof entry === "object" && entry !== null && typeof (entry as SavedQuery).query === "string" && typeof (entry as SavedQuery).at === "string";
}

/** Puts a query in front; the same query is kept once. */
export function remember(entry: SavedQuery): void {
  if (entry.query.length > LONGEST) return;
  const list = [entry, ...savedQueries().filter((old) => old.query !== entry.query)].slice(0, MOST);
  write(KEY, JSON.stringify(list));
}
