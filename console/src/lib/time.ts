// Times of day. The server speaks RFC 3339 UTC; a person chooses local time or UTC, once, for the
// whole console.

import { useSyncExternalStore } from "react";
import { span } from "./format";
import { read, write } from "./storage";

export type Zone = "local" | "utc";

let zone: Zone = read("vedette.zone") === "utc" ? "utc" : "local";
const listeners = new Set<() => void>();

export function setZone(next: Zone): void {
  zone = next;
  write("vedette.zone", next);
  for (const listener of listeners) listener();
}

/** The chosen zone; the component is drawn again when it changes. */
export function useZone(): Zone {
  return useSyncExternalStore(
    (listener) => (listeners.add(listener), () => listeners.delete(listener)),
    () => zone,
  );
}

/** Parts of a moment in a zone; `null` for what is no time. */
function parts(iso: string, zone: Zone) {
  const date = new Date(iso);
  if (Number.isNaN(date.getTime())) return null;
  const shifted = zone === "utc" ? date : new Date(date.getTime() - date.getTimezoneOffset() * 60_000);
  const text = shifted.toISOString();
  const fraction = /\.(\d+)/.exec(iso)?.[1] ?? "";
  return { day: text.slice(0, 10), clock: text.slice(11, 19), fraction };
}

/** `2026-11-24 06:08:28`, with `digits` of the second's fraction (up to microseconds). */
export function stamp(iso: string | null, zone: Zone, digits = 0): string {
  if (!iso) return "–";
  const at = parts(iso, zone);
  if (!at) return iso;
  return `${at.day} ${at.clock}` + (digits > 0 ? `.${at.fraction.padEnd(digits, "0").slice(0, digits)}` : "");
}

/** `06:08:28` when `iso` is on the same day as `now`, else with the date. */
export function clock(iso: string | null, zone: Zone, now: Date = new Date()): string {
  if (!iso) return "–";
  const at = parts(iso, zone);
  if (!at) return iso;
  const today = parts(now.toISOString(), zone)?.day;
  return at.day === today ? at.clock : `${at.day} ${at.clock}`;
}

/** `just now`, `12 s ago`, `4 min ago`; `in 5 min` for the future. */
export function ago(iso: string | null, now: number): string {
  if (!iso) return "–";
  const then = Date.parse(iso);
  if (Number.isNaN(then)) return iso;
  const seconds = (now - then) / 1000;
  if (seconds < -2) return `in ${span(-seconds)}`;
  if (seconds < 2) return "just now";
  return `${coarse(seconds)} ago`;
}

function coarse(seconds: number): string {
  if (seconds < 60) return `${Math.floor(seconds)} s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min`;
  if (seconds < 86_400) return `${Math.floor(seconds / 3600)} h`;
  return `${Math.floor(seconds / 86_400)} d`;
}

/** The zone's name beside a time: `UTC` or `UTC+01:00`. */
export function zoneName(zone: Zone, now: Date = new Date()): string {
  const minutes = -now.getTimezoneOffset();
  if (zone === "utc" || minutes === 0) return "UTC";
  const pad = (n: number) => String(Math.floor(n)).padStart(2, "0");
  return `UTC${minutes < 0 ? "-" : "+"}${pad(Math.abs(minutes) / 60)}:${pad(Math.abs(minutes) % 60)}`;
}
