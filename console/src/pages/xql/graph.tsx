// The graph that the query's `view` asks for, as SVG; the table beneath it has the same numbers.

import { useMemo } from "react";
import type { QueryResult, View } from "@/api/types";
import { compact } from "@/lib/format";
import { graphOf, type Graph } from "@/lib/graph";

const WIDTH = 900;
const HEIGHT = 230;
const LEFT = 56;
const BOTTOM = 26;
const TOP = 10;
const INKS = ["--fill-low", "--fill-high", "--fill-good", "--fill-other", "--fill-medium", "--fill-critical", "--fill-informational"];

export function QueryGraph({ result, views }: { result: QueryResult; views: readonly View[] }) {
  const graphs = useMemo(() => views.flatMap((view) => (view.view === "graph" ? [graphOf(result, view.parameters)] : [])), [result, views]);
  return graphs.map((graph, i) =>
    typeof graph === "string" ? (
      graph && <p key={i} className="border-b border-line px-3.5 py-2 text-muted">{graph}</p>
    ) : (
      <figure key={i} className="shrink-0 border-b border-line px-3.5 py-2" data-graph={graph.shape}>
        {graph.title && <figcaption className="font-semibold">{graph.title}</figcaption>}
        <Drawn graph={graph} />
        {graph.series.length > 1 && graph.shape !== "pie" && graph.shape !== "gauge" && <Legend entries={graph.series.map((series, n) => [series.name, ink(graph, n)])} />}
        {graph.notes.map((note) => <p key={note} className="text-xs text-muted">{note}</p>)}
      </figure>
    ),
  );
}

const ink = (graph: Graph, n: number) => graph.series[n]?.color ?? `var(${INKS[n % INKS.length]})`;

function Drawn({ graph }: { graph: Graph }) {
  const label = `${graph.shape} graph of ${graph.series.map((series) => series.name).join(", ")} by ${graph.xTitle}`;
  if (graph.shape === "single") {
    const value = graph.series[0]?.values[0] ?? 0;
    return <p className="num py-3 text-4xl" role="img" aria-label={`${graph.series[0]?.name}: ${value}`}>{value.toLocaleString("en-US")}</p>;
  }
  if (graph.shape === "pie") return <Pie graph={graph} label={label} />;
  if (graph.shape === "funnel") return <Funnel graph={graph} label={label} />;
  if (graph.shape === "gauge") return <Gauge graph={graph} />;
  if (graph.shape === "words") return <Words graph={graph} label={label} />;
  if (graph.shape === "bar") return <Bars graph={graph} label={label} />;
  return (
    <svg viewBox={`0 0 ${WIDTH} ${HEIGHT}`} className="h-56 w-full" role="img" aria-label={label}>
      <Upright graph={graph} />
    </svg>
  );
}

/** Columns, lines, areas and points: places along the bottom, numbers up the side. */
function Upright({ graph }: { graph: Graph }) {
  const count = graph.labels.length;
  const { low, high } = reach(graph);
  const y = (value: number) => TOP + (HEIGHT - TOP - BOTTOM) * (1 - (value - low) / (high - low));
  const step = (WIDTH - LEFT) / Math.max(1, count);
  const x = (place: number) => LEFT + step * (place + 0.5);
  const every = Math.max(1, Math.ceil(count / 9));
  return (
    <>
      {[0, 0.5, 1].map((part) => {
        const value = low + (high - low) * part;
        return (
          <g key={part}>
            <line x1={LEFT} x2={WIDTH} y1={y(value)} y2={y(value)} stroke="var(--line)" />
            <text x={LEFT - 6} y={y(value) + 4} textAnchor="end" fontSize="11" fill="var(--faint)">{compact(value)}</text>
          </g>
        );
      })}
      {graph.labels.map((name, i) => i % every === 0 && (
        <text key={i} x={x(i)} y={HEIGHT - 8} textAnchor="middle" fontSize="11" fill="var(--faint)">{name.length > 16 ? `${name.slice(0, 15)}…` : name}</text>
      ))}
      {graph.shape === "column" ? columns(graph, x, y, step) : graph.series.map((series, n) => {
        const points = series.values.flatMap((value, i) => (value === null ? [] : [[x(i), y(value)] as const]));
        const path = points.map(([px, py], i) => `${i ? "L" : "M"}${px.toFixed(1)} ${py.toFixed(1)}`).join("");
        const first = points[0], last = points.at(-1);
        return (
          <g key={n} color={ink(graph, n)}>
            {graph.shape === "area" && first && last && <path d={`${path}L${last[0]} ${y(0)}L${first[0]} ${y(0)}Z`} fill="currentColor" opacity="0.3" />}
            {graph.shape !== "scatter" && <path d={path} fill="none" stroke="currentColor" strokeWidth="1.8" />}
            {(graph.shape === "scatter" || points.length === 1) && points.map(([px, py], i) => <circle key={i} cx={px} cy={py} r="3.5" fill="currentColor" />)}
          </g>
        );
      })}
    </>
  );
}

function columns(graph: Graph, x: (place: number) => number, y: (value: number) => number, step: number) {
  const lanes = graph.stacked ? 1 : graph.series.length;
  const width = (step * 0.8) / lanes;
  return graph.labels.map((name, i) => {
    let base = 0;
    return graph.series.map((series, n) => {
      const value = series.values[i] ?? 0;
      const from = graph.stacked ? base : 0;
      base += value;
      const lane = graph.stacked ? 0 : n;
      const top = Math.min(y(from), y(from + value));
      return (
        <rect key={`${i} ${n}`} x={x(i) - step * 0.4 + width * lane} y={top} width={width} height={Math.abs(y(from) - y(from + value))} fill={ink(graph, n)}>
          <title>{`${name}, ${series.name}: ${value.toLocaleString("en-US")}`}</title>
        </rect>
      );
    });
  });
}

function Bars({ graph, label }: { graph: Graph; label: string }) {
  const { low, high } = reach(graph);
  const width = (value: number) => ((WIDTH - 260) * Math.abs(value)) / Math.max(high, -low);
  const height = 20;
  const rows = graph.labels.flatMap((name, i) => graph.series.map((series, n) => ({ name: n === 0 ? name : "", value: series.values[i] ?? 0, n })));
  return (
    <svg viewBox={`0 0 ${WIDTH} ${rows.length * height}`} className="max-h-96 w-full" role="img" aria-label={label}>
      {rows.map((row, i) => (
        <g key={i} transform={`translate(0 ${i * height})`}>
          <text x="172" y="14" textAnchor="end" fontSize="12" fill="var(--text)">{row.name.length > 24 ? `${row.name.slice(0, 23)}…` : row.name}</text>
          <rect x="180" y="3" width={width(row.value)} height={height - 6} fill={ink(graph, row.n)} />
          <text x={186 + width(row.value)} y="14" fontSize="11" fill="var(--muted)">{row.value.toLocaleString("en-US")}</text>
        </g>
      ))}
    </svg>
  );
}

/** Steps from the top down, each as wide as its number. */
function Funnel({ graph, label }: { graph: Graph; label: string }) {
  const { high } = reach(graph);
  const height = 30;
  const values = graph.series[0]?.values ?? [];
  return (
    <svg viewBox={`0 0 ${WIDTH} ${graph.labels.length * height}`} className="max-h-96 w-full" role="img" aria-label={label}>
      {graph.labels.map((name, i) => {
        const value = Math.max(0, values[i] ?? 0);
        const width = Math.max(2, ((WIDTH - 320) * value) / high);
        return (
          <g key={i} transform={`translate(0 ${i * height})`}>
            <text x="150" y="19" textAnchor="end" fontSize="12" fill="var(--text)">{name.length > 22 ? `${name.slice(0, 21)}…` : name}</text>
            <rect x={160 + (WIDTH - 320 - width) / 2} y="2" width={width} height={height - 4} fill={`var(${INKS[i % INKS.length]})`} />
            <text x={WIDTH - 150} y="19" fontSize="12" fill="var(--muted)">{value.toLocaleString("en-US")}</text>
          </g>
        );
      })}
    </svg>
  );
}

function Gauge({ graph }: { graph: Graph }) {
  const value = graph.series[0]?.values[0] ?? 0;
  const part = Math.min(1, Math.max(0, value / graph.most));
  const point = (at: number) => `${(100 - 90 * Math.cos(at * Math.PI)).toFixed(2)} ${(100 - 90 * Math.sin(at * Math.PI)).toFixed(2)}`;
  const arc = (to: number) => `M${point(0)}A90 90 0 0 1 ${point(to)}`;
  const shown = `${value.toLocaleString("en-US")} of ${graph.most.toLocaleString("en-US")}`;
  return (
    <svg viewBox="0 0 200 112" className="h-40 w-72" role="img" aria-label={`${graph.series[0]?.name}: ${shown}`}>
      <path d={arc(1)} fill="none" stroke="var(--line)" strokeWidth="16" />
      {part > 0 && <path d={arc(part)} fill="none" stroke={ink(graph, 0)} strokeWidth="16" />}
      <text x="100" y="92" textAnchor="middle" fontSize="28" fill="var(--text)">{compact(value)}</text>
      <text x="100" y="109" textAnchor="middle" fontSize="11" fill="var(--faint)">{`of ${compact(graph.most)}`}</text>
    </svg>
  );
}

/** Words in the order of the rows, the larger the greater their number; the number stands in the title. */
function Words({ graph, label }: { graph: Graph; label: string }) {
  const values = graph.series[0]?.values ?? [];
  const { high } = reach(graph);
  return (
    <ul className="flex max-h-72 flex-wrap items-baseline gap-x-4 gap-y-1 overflow-hidden py-2" aria-label={label}>
      {graph.labels.map((name, i) => {
        const value = Math.max(0, values[i] ?? 0);
        return (
          <li key={i} title={value.toLocaleString("en-US")} style={{ fontSize: `${(12 + 26 * Math.sqrt(value / high)).toFixed(1)}px`, color: `var(${INKS[i % INKS.length]})` }}>
            <bdi>{name}</bdi>
          </li>
        );
      })}
    </ul>
  );
}

function Pie({ graph, label }: { graph: Graph; label: string }) {
  const values = (graph.series[0]?.values ?? []).map((value) => Math.max(0, value ?? 0));
  const sum = values.reduce((a, b) => a + b, 0) || 1;
  const color = (i: number) => `var(${INKS[i % INKS.length]})`;
  let turned = 0;
  const slices = values.map((value, i) => {
    const from = turned;
    turned += value / sum;
    const point = (part: number) => `${(100 + 95 * Math.sin(part * 2 * Math.PI)).toFixed(2)} ${(100 - 95 * Math.cos(part * 2 * Math.PI)).toFixed(2)}`;
    if (value / sum > 0.9999) return <circle key={i} cx="100" cy="100" r="95" fill={color(i)} />;
    return <path key={i} d={`M100 100L${point(from)}A95 95 0 ${value / sum > 0.5 ? 1 : 0} 1 ${point(turned)}Z`} fill={color(i)} stroke="var(--panel)" />;
  });
  const entries = graph.labels.map((name, i): [string, string] => [`${name}: ${(values[i] ?? 0).toLocaleString("en-US")}`, color(i)]);
  return (
    <div className="flex flex-wrap items-center gap-4">
      <svg viewBox="0 0 200 200" className="h-52 w-52" role="img" aria-label={label}>{slices}</svg>
      <Legend entries={entries} />
    </div>
  );
}

function Legend({ entries }: { entries: [string, string][] }) {
  return (
    <ul className="flex flex-wrap gap-x-4 gap-y-1 text-xs">
      {entries.map(([name, color], i) => (
        <li key={i} className="inline-flex items-center gap-1.5">
          <svg width="10" height="10" aria-hidden="true"><rect width="10" height="10" fill={color} /></svg>
          <bdi>{name}</bdi>
        </li>
      ))}
    </ul>
  );
}

/** Lowest and highest number to draw, zero among them. */
function reach(graph: Graph): { low: number; high: number } {
  const sums = graph.stacked
    ? graph.labels.map((_, i) => graph.series.reduce((sum, series) => sum + (series.values[i] ?? 0), 0))
    : graph.series.flatMap((series) => series.values.map((value) => value ?? 0));
  const low = sums.reduce((a, b) => Math.min(a, b), 0);
  const high = sums.reduce((a, b) => Math.max(a, b), low === 0 ? 1e-9 : 0);
  return { low, high: high === low ? low + 1 : high };
}
