// A uPlot chart as a component: sized to its box, redrawn when theme, zone or data change, with the
// moment under the pointer told in words beneath it. Loaded only by pages that draw.

import { useEffect, useRef, useState } from "react";
import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import { compact } from "@/lib/format";
import { useTheme } from "@/lib/theme";
import { stamp, useZone, type Zone } from "@/lib/time";
import { inkOf } from "./ink";

interface ChartProps {
  data: uPlot.AlignedData;
  height: number;
  /** What a person who does not see it is told. */
  label: string;
  /** Series and scales; called anew for each theme, since colours are baked in. */
  options: () => Pick<uPlot.Options, "series"> & Partial<uPlot.Options>;
  /** The words for the point under the pointer. */
  describe: (index: number) => string | null;
}

function axes(zone: Zone): uPlot.Axis[] {
  const common = {
    stroke: inkOf("--faint"),
    font: `11px ${inkOf("--font-sans")}, sans-serif`,
    grid: { stroke: inkOf("--line"), width: 1 },
    ticks: { show: false },
  };
  return [
    { ...common, space: 64, size: 26, grid: { show: false }, values: (_u, splits, _axis, _space, step) => splits.map((s) => timeLabel(s, zone, step)) },
    { ...common, space: 34, size: 38, values: (_u, splits) => splits.map((v) => compact(v)) },
  ];
}

/** A tick: seconds only where the ticks are closer than a minute, the date where a day or more. */
export function timeLabel(seconds: number, zone: Zone, step: number): string {
  const text = stamp(new Date(seconds * 1000).toISOString(), zone, 1);
  if (step >= 86_400) return text.slice(5, 10);
  if (step >= 60) return text.slice(11, 16);
  return step >= 1 ? text.slice(11, 19) : text.slice(14);
}

export function Chart({ data, height, label, options, describe }: ChartProps) {
  const box = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | null>(null);
  const [index, setIndex] = useState<number | null>(null);
  const theme = useTheme();
  const zone = useZone();
  const latest = useRef({ data, options });
  latest.current = { data, options };

  useEffect(() => {
    const element = box.current;
    if (!element) return;
    const { data, options } = latest.current;
    const made = new uPlot(
      {
        width: Math.max(50, element.clientWidth),
        height,
        axes: axes(zone),
        legend: { show: false },
        cursor: { y: false, points: { size: 6 }, drag: { x: false, y: false } },
        padding: [8, 6, 0, 0],
        hooks: { setCursor: [(u) => setIndex(u.cursor.idx ?? null)] },
        ...options(),
      },
      data,
      element,
    );
    plot.current = made;
    const observer = new ResizeObserver(() => made.setSize({ width: Math.max(50, element.clientWidth), height }));
    observer.observe(element);
    return () => {
      observer.disconnect();
      made.destroy();
      plot.current = null;
    };
  }, [theme, zone, height]);

  useEffect(() => plot.current?.setData(data), [data]);

  const time = index === null ? undefined : data[0][index];
  const words = index === null ? null : describe(index);
  return (
    <figure>
      <div ref={box} role="img" aria-label={label} className="min-w-0 overflow-hidden" />
      <figcaption className="num min-h-4 text-xs text-muted">
        {words && time !== undefined && `${stamp(new Date(time * 1000).toISOString(), zone).slice(11)}  ${words}`}
      </figcaption>
    </figure>
  );
}
