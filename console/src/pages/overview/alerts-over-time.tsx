// Alerts by the time of their deciding probe, stacked by severity. Plain SVG: a few rectangles need
// no chart library, and the page stays light.

import { useState } from "react";
import type { AlertBucket, Overview } from "@/api/types";
import { plural } from "@/lib/format";
import { clock, stamp, useZone } from "@/lib/time";
import { SEVERITIES, severityName } from "@/lib/words";

const HEIGHT = 132;
const FILL = {
  critical: "fill-fill-critical",
  high: "fill-fill-high",
  medium: "fill-fill-medium",
  low: "fill-fill-low",
  informational: "fill-fill-informational",
} as const;
const SWATCH = {
  critical: "bg-fill-critical",
  high: "bg-fill-high",
  medium: "bg-fill-medium",
  low: "bg-fill-low",
  informational: "bg-fill-informational",
} as const;

const total = (bucket: AlertBucket) => SEVERITIES.reduce((sum, severity) => sum + bucket[severity], 0);

export function AlertsOverTime({ alerts, hours }: { alerts: Overview["alerts"]; hours: number }) {
  const zone = useZone();
  const [at, setAt] = useState<number | null>(null);
  const { buckets } = alerts;
  const sum = buckets.reduce((all, bucket) => all + total(bucket), 0);
  const top = Math.max(4, ...buckets.map(total));
  const period = hours < 48 ? plural(hours, "hour") : plural(hours / 24, "day");
  const hovered = at === null ? undefined : buckets[at];
  const [first, middle, last] = [buckets[0], buckets[buckets.length >> 1], buckets.at(-1)];
  return (
    <figure>
      <div className="flex gap-2">
        <div aria-hidden="true" className="num flex w-6 flex-col justify-between text-right text-xs text-faint">
          <span className="-mt-2">{top}</span>
          <span className="-mb-2">0</span>
        </div>
        <svg
          role="img"
          aria-label={`${plural(sum, "alert")} in the last ${period}`}
          viewBox={`0 0 ${Math.max(1, buckets.length)} ${HEIGHT}`}
          preserveAspectRatio="none"
          className="h-[132px] min-w-0 flex-1 border-b border-line-strong"
          onMouseLeave={() => setAt(null)}
        >
          <line x1="0" x2={buckets.length} y1={HEIGHT / 2} y2={HEIGHT / 2} className="stroke-line" vectorEffect="non-scaling-stroke" />
          <line x1="0" x2={buckets.length} y1="0.5" y2="0.5" className="stroke-line" vectorEffect="non-scaling-stroke" />
          {buckets.map((bucket, i) => (
            <Bar key={bucket.start} bucket={bucket} x={i} top={top} lit={at === i} onEnter={() => setAt(i)} />
          ))}
        </svg>
      </div>
      <div aria-hidden="true" className="num mt-1 ml-8 flex justify-between text-xs text-faint">
        {[first, middle, last].map((bucket, i) => (
          <span key={i}>{bucket ? label(bucket.start, hours, zone) : ""}</span>
        ))}
      </div>
      <figcaption className="mt-2 ml-8 flex min-h-5 flex-wrap gap-x-4 text-xs text-muted">
        {hovered ? <Hovered bucket={hovered} zone={zone} /> : <Legend sum={sum} period={period} buckets={buckets} />}
      </figcaption>
    </figure>
  );
}

function label(start: string, hours: number, zone: "local" | "utc"): string {
  return hours <= 24 ? stamp(start, zone).slice(11, 16) : stamp(start, zone).slice(5, 16);
}

function Bar({ bucket, x, top, lit, onEnter }: { bucket: AlertBucket; x: number; top: number; lit: boolean; onEnter: () => void }) {
  let y = HEIGHT;
  return (
    <g onMouseEnter={onEnter}>
      <rect x={x} y="0" width="1" height={HEIGHT} className={lit ? "fill-raised" : "fill-transparent"} />
      {[...SEVERITIES].reverse().map((severity) => {
        const height = (bucket[severity] / top) * HEIGHT;
        y -= height;
        return height > 0 && <rect key={severity} x={x + 0.14} y={y} width="0.72" height={height} className={FILL[severity]} />;
      })}
    </g>
  );
}

function Hovered({ bucket, zone }: { bucket: AlertBucket; zone: "local" | "utc" }) {
  const parts = SEVERITIES.filter((severity) => bucket[severity] > 0);
  return (
    <>
      <span className="text-text">from {clock(bucket.start, zone)}</span>
      {parts.length === 0 ? "no alerts" : parts.map((severity) => (
        <Item key={severity} severity={severity} text={`${bucket[severity]} ${severityName[severity].toLowerCase()}`} />
      ))}
    </>
  );
}

function Legend({ sum, period, buckets }: { sum: number; period: string; buckets: AlertBucket[] }) {
  if (sum === 0) return <>No alerts in the last {period}.</>;
  return (
    <>
      <span>{plural(sum, "alert")} in the last {period}</span>
      {SEVERITIES.filter((severity) => buckets.some((bucket) => bucket[severity] > 0)).map((severity) => (
        <Item key={severity} severity={severity} text={severityName[severity]} />
      ))}
    </>
  );
}

function Item({ severity, text }: { severity: (typeof SEVERITIES)[number]; text: string }) {
  return (
    <span className="inline-flex items-center gap-1.5">
      <span aria-hidden="true" className={`size-2 rounded-sm ${SWATCH[severity]}`} />
      {text}
    </span>
  );
}
