// The live channel: one EventSource for the whole console, its messages folded into the query
// cache. The browser reconnects by itself; on every hello after the first everything is asked again.

import type { QueryClient } from "@tanstack/react-query";
import { useSyncExternalStore } from "react";
import type { AlertPage, LiveAlert } from "./types";

export type LiveState = "connecting" | "live" | "lost";

let state: LiveState = "connecting";
const listeners = new Set<() => void>();

function become(next: LiveState): void {
  state = next;
  for (const listener of listeners) listener();
}

export function useLiveState(): LiveState {
  return useSyncExternalStore(
    (listener) => (listeners.add(listener), () => listeners.delete(listener)),
    () => state,
  );
}

type Watcher = (message: LiveAlert) => void;
const watchers = new Set<Watcher>();

/** Calls `watcher` for every alert message; returns how to stop. */
export function watchAlerts(watcher: Watcher): () => void {
  watchers.add(watcher);
  return () => void watchers.delete(watcher);
}

/** Wait before the channel is opened again after the server refused it (it restarts, say). */
const REOPEN_MS = 3_000;

/** A running scan tells of itself often; its probes (up to 10,000 rows) are asked for this seldom. */
const EVIDENCE_MS = 3_000;

/** Opens the channel; returns how to close it. */
export function openLive(client: QueryClient): () => void {
  let source: EventSource | undefined;
  let greeted = false;
  let pending: ReturnType<typeof setTimeout> | undefined;
  let reopen: ReturnType<typeof setTimeout> | undefined;

  // A flood of updates becomes at most two refetches a second.
  const refetchSoon = () => {
    pending ??= setTimeout(() => {
      pending = undefined;
      void client.invalidateQueries({ queryKey: ["alerts"] });
      void client.invalidateQueries({ queryKey: ["overview"] });
    }, 500);
  };

  let evidence: ReturnType<typeof setTimeout> | undefined;
  const evidenceSoon = () => {
    evidence ??= setTimeout(() => {
      evidence = undefined;
      void client.invalidateQueries({ queryKey: ["evidence"] });
    }, EVIDENCE_MS);
  };

  const open = () => {
    source = new EventSource("/api/v1/events");
    source.addEventListener("hello", () => {
      become("live");
      if (greeted) void client.invalidateQueries();
      greeted = true;
    });
    source.addEventListener("gap", () => void client.invalidateQueries());
    source.addEventListener("alert", (event: MessageEvent<string>) => {
      const message = JSON.parse(event.data) as LiveAlert;
      patchLists(client, message);
      void client.invalidateQueries({ queryKey: ["alert", message.alert.id] });
      if (message.change !== "edited") evidenceSoon();
      refetchSoon();
      for (const watcher of watchers) watcher(message);
    });
    source.addEventListener("error", () => {
      become("lost");
      // A broken connection the browser mends; an answer other than 200 it gives up on.
      if (source?.readyState !== EventSource.CLOSED) return;
      void client.invalidateQueries({ queryKey: ["session"] });
      clearTimeout(reopen);
      reopen = setTimeout(open, REOPEN_MS);
    });
  };
  open();

  return () => {
    source?.close();
    clearTimeout(pending);
    clearTimeout(evidence);
    clearTimeout(reopen);
    become("connecting");
  };
}

/** Rows already on the screen change at once; new rows come with the refetch, which knows the filter. */
function patchLists(client: QueryClient, message: LiveAlert): void {
  client.setQueriesData<AlertPage>({ queryKey: ["alerts"] }, (page) => {
    if (!page?.alerts.some((row) => row.id === message.alert.id)) return page;
    return { ...page, alerts: page.alerts.map((row) => (row.id === message.alert.id ? message.alert : row)) };
  });
}
