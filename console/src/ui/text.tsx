// Values on the screen: text that others wrote, times, code to copy. Everything here cuts, isolates
// and names what it cut.

import { useEffect, useState } from "react";
import { copy } from "@/lib/export";
import { cut, TITLE_LIMIT, visible } from "@/lib/hostile";
import { ago, stamp, useZone, zoneName } from "@/lib/time";
import { Icon } from "./icon";

/** Text from outside, made harmless and at most `max` characters; the whole is in the tooltip. */
export function Outside({ text, max = 200, className = "" }: { text: string; max?: number; className?: string }) {
  const shown = cut(visible(text), max);
  return (
    <bdi className={`isolate-text ${className}`} title={shown === text ? undefined : cut(visible(text), TITLE_LIMIT)}>
      {shown}
    </bdi>
  );
}

/** An address, port or identifier: the same in the figures' font. */
export function Mono({ text, max = 80, className = "" }: { text: string; max?: number; className?: string }) {
  return <Outside text={text} max={max} className={`font-mono text-[0.94em] ${className}`} />;
}

/** The time now, every `seconds`; so that "12 s ago" stays true. */
export function useNow(seconds = 5): number {
  const [now, setNow] = useState(() => Date.now());
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), seconds * 1000);
    return () => clearInterval(timer);
  }, [seconds]);
  return now;
}

export function Ago({ time }: { time: string | null }) {
  const now = useNow();
  const zone = useZone();
  if (!time) return <>–</>;
  return (
    <time dateTime={time} title={`${stamp(time, zone, 3)} ${zoneName(zone, new Date(time))}`} className="num whitespace-nowrap">
      {ago(time, now)}
    </time>
  );
}

export function Stamp({ time, digits = 0 }: { time: string | null; digits?: number }) {
  const zone = useZone();
  if (!time) return <>–</>;
  return (
    <time dateTime={time} title={time} className="num whitespace-nowrap">
      {stamp(time, zone, digits)}
    </time>
  );
}

export function CopyButton({ text, label = "Copy" }: { text: string; label?: string }) {
  const [state, setState] = useState<"idle" | "done" | "failed">("idle");
  useEffect(() => {
    if (state === "idle") return;
    const timer = setTimeout(() => setState("idle"), 1800);
    return () => clearTimeout(timer);
  }, [state]);
  const words = { idle: label, done: "Copied", failed: "Copy failed" }[state];
  return (
    <button
      type="button"
      className="inline-flex items-center gap-1 rounded px-1.5 py-0.5 text-xs text-muted hover:bg-raised hover:text-text"
      onClick={() => void copy(text).then((ok) => setState(ok ? "done" : "failed"))}
    >
      <Icon name={state === "done" ? "check" : "copy"} size={13} />
      <span aria-live="polite">{words}</span>
    </button>
  );
}

/** A command to type, with its copy button. */
export function Command({ text }: { text: string }) {
  return (
    <span className="inline-flex max-w-full items-center gap-1 rounded-md border border-line bg-code py-0.5 pr-1 pl-2">
      <code className="isolate-text text-xs">{visible(text)}</code>
      <CopyButton text={text} />
    </span>
  );
}
