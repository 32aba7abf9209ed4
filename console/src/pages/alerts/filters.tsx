// The filter bar of the alert list.

import { useEffect, useRef, useState } from "react";
import type { AlertFilter } from "@/api/queries";
import type { Severity } from "@/api/types";
import { SEVERITIES } from "@/lib/words";
import { Icon } from "@/ui/icon";
import { SeverityMark } from "@/ui/parts";

const STATUSES = [
  { value: "open", label: "Open" },
  { value: "new", label: "New" },
  { value: "in_progress", label: "In progress" },
  { value: "closed", label: "Closed" },
  { value: "all", label: "All" },
] as const;

interface Props {
  filter: AlertFilter;
  change: (part: AlertFilter) => void;
}

export function Filters({ filter, change }: Props) {
  return (
    <div className="flex flex-wrap items-center gap-x-2.5 gap-y-2 border-b border-line px-3.5 py-2.5">
      <div role="group" aria-label="Status" className="flex overflow-hidden rounded-md border border-line-strong">
        {STATUSES.map(({ value, label }) => (
          <button
            key={value}
            type="button"
            aria-pressed={filter.status === value}
            onClick={() => change({ status: value === "open" ? undefined : value })}
            className="px-2 py-1 hover:bg-raised aria-pressed:bg-accent-soft"
          >
            {label}
          </button>
        ))}
      </div>
      <SeverityFilter filter={filter} change={change} />
      <Typed label="Source address" placeholder="Source address" value={filter.source ?? ""} onChange={(source) => change({ source })} width="w-36" mono />
      <Typed label="Text in name, addresses or tool" placeholder="Search text" value={filter.q ?? ""} onChange={(q) => change({ q })} width="w-44" icon />
      <label className="ml-auto flex items-center gap-1.5 text-muted">
        <input type="checkbox" className="accent-accent-solid" checked={!!filter.selftest} onChange={(e) => change({ selftest: e.target.checked })} />
        Show self-tests
      </label>
      <label className="flex items-center gap-1.5 text-muted">
        <input type="checkbox" className="accent-accent-solid" checked={!!filter.excluded} onChange={(e) => change({ excluded: e.target.checked })} />
        Show excluded
      </label>
    </div>
  );
}

function SeverityFilter({ filter, change }: Props) {
  const chosen = new Set((filter.severity ?? "").split(",").filter(Boolean));
  const toggle = (severity: Severity) => {
    if (!chosen.delete(severity)) chosen.add(severity);
    change({ severity: SEVERITIES.filter((s) => chosen.has(s)).join(",") });
  };
  return (
    <div role="group" aria-label="Severity" className="flex flex-wrap gap-1">
      {SEVERITIES.map((severity) => (
        <button
          key={severity}
          type="button"
          aria-pressed={chosen.has(severity)}
          onClick={() => toggle(severity)}
          className="rounded-md border border-line px-2 py-1 hover:bg-raised aria-pressed:border-accent aria-pressed:bg-accent-soft"
        >
          <SeverityMark severity={severity} />
        </button>
      ))}
    </div>
  );
}

/** A field whose value is sent when typing pauses. */
function Typed({ label, placeholder, value, onChange, width, mono = false, icon = false }: {
  label: string;
  placeholder: string;
  value: string;
  onChange: (value: string) => void;
  width: string;
  mono?: boolean;
  icon?: boolean;
}) {
  const [text, setText] = useState(value);
  const sent = useRef(value);
  // The address bar may change by itself: back, or "show all".
  useEffect(() => {
    if (value !== sent.current) setText((sent.current = value));
  }, [value]);
  useEffect(() => {
    if (text.trim() === sent.current) return;
    const timer = setTimeout(() => onChange((sent.current = text.trim())), 250);
    return () => clearTimeout(timer);
  }, [text, onChange]);
  return (
    <span className={`relative ${width}`}>
      {icon && <Icon name="search" size={14} className="pointer-events-none absolute top-2 left-2 text-faint" />}
      <input
        type="search"
        aria-label={label}
        placeholder={placeholder}
        value={text}
        maxLength={200}
        spellCheck={false}
        onChange={(e) => setText(e.target.value)}
        className={`field w-full ${icon ? "pl-7" : ""} ${mono ? "font-mono text-xs" : ""}`}
      />
    </span>
  );
}
