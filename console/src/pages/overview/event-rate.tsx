// Connection attempts per second over the last minutes.

import { useMemo } from "react";
import type { Overview } from "@/api/types";
import { rate } from "@/lib/format";
import { Chart } from "@/ui/chart";
import { inkOf } from "@/ui/ink";

/** The server gives one point each five seconds. */
const STEP_SECONDS = 5;

export default function EventRate({ series }: { series: Overview["observed"]["series"] }) {
  const data = useMemo(
    () => [series.map((p) => Date.parse(p.time) / 1000), series.map((p) => p.events / STEP_SECONDS)] as [number[], number[]],
    [series],
  );
  const top = Math.max(0, ...data[1]);
  if (series.length < 2) return <p className="py-3 text-muted">Nothing yet.</p>;
  return (
    <Chart
      height={160}
      label={`Connection attempts per second, at most ${rate(top)}`}
      data={data}
      options={() => ({
        scales: { y: { range: (_u, _min, max) => [0, Math.max(1, max * 1.15)] } },
        series: [{}, { label: "per second", stroke: inkOf("--accent"), fill: inkOf("--accent-soft"), width: 1.5, points: { show: false } }],
      })}
      describe={(i) => (data[1][i] === undefined ? null : `${rate(data[1][i])} per second`)}
    />
  );
}
