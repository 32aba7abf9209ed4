// The probes of an alert: the picture of ports (or hosts) by time, and the same rows as a table.

import { lazy, Suspense, useMemo, useState } from "react";
import type { Alert, Evidence, Outcome, Probe } from "@/api/types";
import { count, plural } from "@/lib/format";
import { serviceName } from "@/lib/ports";
import { compareCells, type SortState } from "@/lib/sort";
import { stamp, useZone } from "@/lib/time";
import { flagNames, outcomeName } from "@/lib/words";
import { Grid, type GridColumn } from "@/ui/grid";
import { Empty, Failure, Loading, Panel } from "@/ui/parts";
import { Mono } from "@/ui/text";
import type { Axis } from "./picture";

const Picture = lazy(() => import("./picture"));

const OUTCOMES: readonly Outcome[] = ["accepted", "refused", "rejected", "unanswered", "mid_stream", "unsolicited"];

const SWATCH: Record<Outcome, string> = {
  accepted: "bg-fill-good",
  refused: "bg-fill-low",
  rejected: "bg-fill-other",
  unanswered: "bg-fill-high",
  mid_stream: "bg-fill-informational",
  unsolicited: "bg-fill-informational",
};

export function ProbesPanel({ alert, evidence, error }: { alert: Alert; evidence: Evidence | undefined; error: unknown }) {
  const [hidden, setHidden] = useState<ReadonlySet<Outcome>>(new Set());
  const [axis, setAxis] = useState<Axis>(alert.distinct_hosts > alert.distinct_ports ? "host" : "port");
  const all = evidence?.probes;
  const shown = useMemo(() => (all ?? []).filter((probe) => !hidden.has(probe.outcome)), [all, hidden]);
  if (error) return <Panel title="Probes"><Failure error={error} /></Panel>;
  if (!all) return <Panel title="Probes"><Loading what="the probes" /></Panel>;
  if (all.length === 0) {
    return (
      <Panel title="Probes" flush>
        <Empty title="No probe of this alert is stored.">
          <p>They may be older than the retention allows, or were only counted during a flood.</p>
        </Empty>
      </Panel>
    );
  }
  const toggle = (outcome: Outcome) => {
    const next = new Set(hidden);
    if (!next.delete(outcome)) next.add(outcome);
    setHidden(next);
  };
  return (
    <Panel title={axis === "port" ? "Ports by time" : "Hosts by time"} actions={<AxisChoice axis={axis} setAxis={setAxis} />} flush>
      <div className="px-3.5 pt-2.5">
        <Legend all={all} hidden={hidden} toggle={toggle} />
        <Suspense fallback={<div className="h-72" />}>
          <Picture probes={shown} axis={axis} />
        </Suspense>
      </div>
      {evidence.limit_hit && (
        <p className="border-t border-line px-3.5 py-1.5 text-medium">
          Only the first {count(all.length)} stored probes are shown; “Open in XQL” below finds all.
        </p>
      )}
      <ProbeTable probes={shown} />
    </Panel>
  );
}

function AxisChoice({ axis, setAxis }: { axis: Axis; setAxis: (axis: Axis) => void }) {
  return (
    <div role="group" aria-label="What the picture shows" className="flex overflow-hidden rounded-md border border-line">
      {(["port", "host"] as const).map((value) => (
        <button key={value} type="button" aria-pressed={axis === value} onClick={() => setAxis(value)} className="px-2 py-0.5 hover:bg-raised aria-pressed:bg-accent-soft aria-pressed:text-text">
          {value === "port" ? "Ports" : "Hosts"}
        </button>
      ))}
    </div>
  );
}

function Legend({ all, hidden, toggle }: { all: Probe[]; hidden: ReadonlySet<Outcome>; toggle: (outcome: Outcome) => void }) {
  return (
    <div role="group" aria-label="Outcomes shown" className="flex flex-wrap gap-1">
      {OUTCOMES.map((outcome) => {
        const n = all.reduce((sum, probe) => sum + (probe.outcome === outcome ? 1 : 0), 0);
        if (n === 0) return null;
        return (
          <button
            key={outcome}
            type="button"
            aria-pressed={!hidden.has(outcome)}
            title={outcomeName[outcome].why}
            onClick={() => toggle(outcome)}
            className="group inline-flex items-center gap-1.5 rounded-md border border-line px-2 py-0.5 text-xs text-muted hover:bg-raised aria-pressed:text-text"
          >
            <span aria-hidden="true" className={`size-2 rounded-full opacity-25 group-aria-pressed:opacity-100 ${SWATCH[outcome]}`} />
            {outcomeName[outcome].word} <span className="num">{count(n)}</span>
          </button>
        );
      })}
    </div>
  );
}

const COLUMNS: readonly GridColumn[] = [
  { name: "Time", width: 112 },
  { name: "Source", width: 126 },
  { name: "Source port", width: 98, right: true },
  { name: "Target", width: 126 },
  { name: "Port", width: 120, right: true },
  { name: "Protocol", width: 78 },
  { name: "Outcome", width: 110 },
  { name: "TCP flags", width: 84 },
  { name: "Times", width: 66, right: true },
  { name: "Retries", width: 76, right: true },
];

/** The columns, the addresses as wide as the longest one. */
function fitted(probes: readonly Probe[], oneDay: boolean): GridColumn[] {
  const width = (of: (probe: Probe) => string) => Math.min(310, Math.max(100, probes.reduce((most, probe) => Math.max(most, of(probe).length), 0) * 7.3 + 26));
  return COLUMNS.map((column) => {
    if (column.name === "Source") return { ...column, width: width((probe) => probe.source_ip) };
    if (column.name === "Target") return { ...column, width: width((probe) => probe.target_ip) };
    return column.name === "Time" && !oneDay ? { ...column, width: 190 } : column;
  });
}

/** What a column sorts by. */
const KEYS: readonly ((probe: Probe) => string | number | null)[] = [
  (p) => p.time,
  (p) => p.source_ip,
  (p) => p.source_port,
  (p) => p.target_ip,
  (p) => p.target_port,
  (p) => p.protocol,
  (p) => p.outcome,
  (p) => p.tcp_flags,
  (p) => p.count,
  (p) => p.retries,
];

function ProbeTable({ probes }: { probes: Probe[] }) {
  const zone = useZone();
  const [sort, setSort] = useState<SortState | null>(null);
  const rows = useMemo(() => {
    const key = sort && KEYS[sort.column];
    if (!key) return probes;
    const sign = sort.descending ? -1 : 1;
    return probes.toSorted((a, b) => sign * compareCells(key(a), key(b)));
  }, [probes, sort]);
  // Within one day the date is noise: it stands above, and in the tooltip.
  const oneDay = stamp(probes[0]?.time ?? null, zone).slice(0, 10) === stamp(probes.at(-1)?.time ?? null, zone).slice(0, 10);
  const columns = useMemo(() => fitted(probes, oneDay), [probes, oneDay]);
  const cell = (row: number, column: number) => {
    const probe = rows[row];
    if (!probe) return null;
    switch (column) {
      case 0: return <span className="num" title={stamp(probe.time, zone, 6)}>{oneDay ? stamp(probe.time, zone, 3).slice(11) : stamp(probe.time, zone, 3)}</span>;
      case 1: return <Mono text={probe.source_ip} max={45} />;
      case 2: return probe.source_port || "";
      case 3: return <Mono text={probe.target_ip} max={45} />;
      case 4: return <Port probe={probe} />;
      case 5: return <Mono text={probe.protocol} max={16} />;
      case 6: return (
        <span className="inline-flex items-center gap-1.5">
          <span aria-hidden="true" className={`size-2 rounded-full ${SWATCH[probe.outcome] ?? "bg-faint"}`} />
          {outcomeName[probe.outcome]?.word ?? probe.outcome}
        </span>
      );
      case 7: return <span className="text-xs">{flagNames(probe.tcp_flags)}</span>;
      case 8: return count(probe.count);
      default: return probe.retries || "";
    }
  };
  return (
    <>
      <p className="num border-t border-line px-3.5 py-1.5 text-xs text-muted">{plural(probes.length, "probe")}{oneDay && probes[0] && ` on ${stamp(probes[0].time, zone).slice(0, 10)}`}</p>
      <Grid label="Probes" columns={columns} rowCount={rows.length} cell={cell} sort={sort} onSort={setSort} className="max-h-96 border-t border-line" />
    </>
  );
}

function Port({ probe }: { probe: Probe }) {
  const name = probe.protocol === "tcp" || probe.protocol === "udp" ? serviceName(probe.target_port) : null;
  return (
    <>
      {name && <span className="mr-2 text-xs text-muted">{name}</span>}
      {probe.target_port || ""}
    </>
  );
}
