// The picture of a scan: one dot a probe, its port (or host) over the time since the first probe. A
// sequential sweep is a line, a shuffled one a cloud, a slow one a row of specks.

import { useEffect, useMemo, useRef, useState } from "react";
import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import type { Outcome, Probe } from "@/api/types";
import { count, elapsed } from "@/lib/format";
import { useTheme } from "@/lib/theme";
import { outcomeName } from "@/lib/words";
import { inkOf } from "@/ui/ink";

export type Axis = "port" | "host";

const HEIGHT = 288;
const NEAR_PX = 14;

// Drawn in this order: open ports last, on top of all.
const SERIES: readonly { outcome: Outcome; ink: string; size: number }[] = [
  { outcome: "unsolicited", ink: "--fill-informational", size: 3 },
  { outcome: "mid_stream", ink: "--fill-informational", size: 3 },
  { outcome: "unanswered", ink: "--fill-high", size: 3.5 },
  { outcome: "rejected", ink: "--fill-other", size: 3.5 },
  { outcome: "refused", ink: "--fill-low", size: 3.5 },
  { outcome: "accepted", ink: "--fill-good", size: 9 },
];

interface Points {
  data: uPlot.AlignedData;
  hosts: string[];
}

/** The probes as aligned columns: seconds since the first, and a height under their outcome. */
export function points(probes: readonly Probe[], axis: Axis): Points {
  const hosts = [...new Set(probes.map((probe) => probe.target_ip))].sort();
  const rank = new Map(hosts.map((host, i) => [host, i]));
  const start = probes.reduce((least, probe) => Math.min(least, Date.parse(probe.time)), Infinity);
  const sorted = probes.toSorted((a, b) => (a.time < b.time ? -1 : a.time > b.time ? 1 : 0));
  const x = sorted.map((probe) => (Date.parse(probe.time) - start) / 1000);
  const y = (probe: Probe) => (axis === "port" ? probe.target_port : (rank.get(probe.target_ip) ?? 0));
  const columns = SERIES.map(({ outcome }) => sorted.map((probe) => (probe.outcome === outcome ? y(probe) : null)));
  return { data: [x, ...columns], hosts };
}

export default function Picture({ probes, axis }: { probes: Probe[]; axis: Axis }) {
  const box = useRef<HTMLDivElement>(null);
  const theme = useTheme();
  const [near, setNear] = useState<Probe | null>(null);
  const sorted = useMemo(() => probes.toSorted((a, b) => (a.time < b.time ? -1 : a.time > b.time ? 1 : 0)), [probes]);
  const made = useMemo(() => points(sorted, axis), [sorted, axis]);

  useEffect(() => {
    const element = box.current;
    if (!element || sorted.length === 0) return;
    const width = () => Math.max(80, element.clientWidth);
    const plot = new uPlot(
      {
        width: width(),
        height: HEIGHT,
        padding: [10, 12, 0, 0],
        legend: { show: false },
        cursor: { drag: { x: false, y: false }, points: { show: false } },
        hooks: { setCursor: [(u) => setNear(sorted[nearest(u)] ?? null)] },
        scales: {
          x: { time: false, range: (_u, _min, max) => [-max * 0.01, Math.max(0.001, max * 1.01)] },
          y: { range: (_u, min, max) => yRange(min, max, axis) },
        },
        axes: [
          { ...axisStyle(), space: 80, size: 28, values: (_u, splits) => splits.map((s) => (s < 0 ? "" : s === 0 ? "0" : elapsed(s * 1000))) },
          { ...axisStyle(), space: 32, size: axis === "host" ? 118 : 54, incrs: axis === "host" ? [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000] : [1, 5, 10, 50, 100, 500, 1000, 5000, 10_000, 20_000], values: (_u, splits) => splits.map((s) => tick(s, axis, made.hosts)) },
        ],
        series: [{}, ...SERIES.map(({ outcome, ink, size }) => ({
          label: outcomeName[outcome].word,
          paths: () => null,
          stroke: inkOf(ink),
          points: { show: true, size, fill: inkOf(ink), stroke: inkOf(ink), width: 0 },
        }))],
      },
      made.data,
      element,
    );
    const observer = new ResizeObserver(() => plot.setSize({ width: width(), height: HEIGHT }));
    observer.observe(element);
    return () => {
      observer.disconnect();
      plot.destroy();
      setNear(null);
    };
  }, [theme, made, axis, sorted]);

  return (
    <figure className="pb-1.5">
      <div ref={box} role="img" aria-label={describe(sorted, axis)} className="min-h-72 min-w-0 overflow-hidden" />
      <figcaption className="num flex min-h-5 justify-between gap-4 text-xs text-muted">
        <span className="font-mono">{near && pointWords(near)}</span>
        <span>time since the first probe</span>
      </figcaption>
    </figure>
  );
}

function axisStyle(): uPlot.Axis {
  return {
    stroke: inkOf("--faint"),
    font: `11px ${inkOf("--font-sans")}, sans-serif`,
    grid: { stroke: inkOf("--line"), width: 1 },
    ticks: { show: false },
  };
}

function yRange(min: number, max: number, axis: Axis): [number, number] {
  if (axis === "host") return [-0.6, Math.max(1, max + 0.6)];
  const room = Math.max(2, (max - min) * 0.04);
  return [Math.max(-room, min - room), max + room];
}

function tick(value: number, axis: Axis, hosts: string[]): string {
  if (axis === "host") return Number.isInteger(value) ? (hosts[value] ?? "").slice(0, 18) : "";
  return value < 0 ? "" : String(value);
}

/** The index of the dot nearest to the pointer, -1 when none is near. */
function nearest(u: uPlot): number {
  const { left = -1, top = -1 } = u.cursor;
  if (left < 0 || top < 0) return -1;
  let found = -1;
  let least = NEAR_PX * NEAR_PX;
  const x = u.data[0];
  for (let s = 1; s < u.data.length; s++) {
    const column = u.data[s];
    for (let i = 0; column && i < column.length; i++) {
      const y = column[i];
      if (y === null || y === undefined) continue;
      const dx = u.valToPos(x[i] ?? 0, "x") - left;
      if (dx * dx >= least) continue;
      const dy = u.valToPos(y, "y") - top;
      if (dx * dx + dy * dy < least) {
        least = dx * dx + dy * dy;
        found = i;
      }
    }
  }
  return found;
}

function pointWords(probe: Probe): string {
  const port = probe.target_port ? `:${probe.target_port}` : "";
  return `${probe.source_ip} → ${probe.target_ip}${port} ${probe.protocol}, ${outcomeName[probe.outcome].word.toLowerCase()}`;
}

function describe(probes: readonly Probe[], axis: Axis): string {
  if (probes.length === 0) return "No probes";
  const ports = probes.map((probe) => probe.target_port);
  const open = new Set(probes.filter((probe) => probe.outcome === "accepted").map((probe) => probe.target_port));
  const low = ports.reduce((a, b) => Math.min(a, b));
  const high = ports.reduce((a, b) => Math.max(a, b));
  return `${count(probes.length)} probes, ${axis === "port" ? "ports" : "hosts"} by time; ports ${low} to ${high}, ${open.size} answered as open. The table below has every probe.`;
}
