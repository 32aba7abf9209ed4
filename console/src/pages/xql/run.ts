// One run at a time: start, cancel, and what came of it.

import { useCallback, useEffect, useRef, useState } from "react";
import { ApiError, request } from "@/api/client";
import type { Diagnostic, QueryResult, Timeframe } from "@/api/types";
import { remember } from "@/xql/saved";

export type RunState =
  | { kind: "idle" }
  | { kind: "running"; since: number }
  | { kind: "cancelled" }
  | { kind: "failed"; error: unknown; query: string }
  | { kind: "done"; result: QueryResult; milliseconds: number; query: string };

export function useRun(mark: (diagnostics: readonly Diagnostic[]) => void) {
  const [state, setState] = useState<RunState>({ kind: "idle" });
  const running = useRef<AbortController | null>(null);
  const marker = useRef(mark);
  marker.current = mark;

  // Leaving the page ends the query on the server too.
  useEffect(() => () => running.current?.abort(), []);

  const run = useCallback(async (query: string, timeframe: Timeframe, limit: number) => {
    running.current?.abort();
    const control = new AbortController();
    running.current = control;
    const since = performance.now();
    setState({ kind: "running", since });
    try {
      const result = await request<QueryResult>("POST", "/query", { query, limit, timeframe }, control.signal);
      if (running.current !== control) return;
      setState({ kind: "done", result, milliseconds: performance.now() - since, query });
      marker.current(result.warnings);
      remember({ query, at: new Date().toISOString(), rows: result.row_count });
    } catch (error) {
      if (running.current !== control) return;
      if (control.signal.aborted) return setState({ kind: "cancelled" });
      setState({ kind: "failed", error, query });
      if (error instanceof ApiError) marker.current(error.diagnostics);
    }
  }, []);

  const cancel = useCallback(() => running.current?.abort(), []);
  return { state, run, cancel };
}
