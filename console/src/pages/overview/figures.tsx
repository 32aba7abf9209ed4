// The line of figures at the top.

import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import type { Overview } from "@/api/types";
import { compact, count, rate } from "@/lib/format";
import { SEVERITIES } from "@/lib/words";
import { Dot, SeverityMark } from "@/ui/parts";

export function Figures({ data }: { data: Overview }) {
  const { alerts, observed, sensor } = data;
  const open = alerts.new + alerts.in_progress;
  const dropped = sensor.packets_dropped + sensor.events_dropped;
  const loud = SEVERITIES.filter((severity) => alerts.open_by_severity[severity] > 0);
  return (
    <section aria-label="Key figures" className="panel grid divide-line max-lg:divide-y sm:grid-cols-2 lg:grid-cols-4 lg:divide-x">
      <Figure
        label="Open alerts"
        value={
          <Link to="/alerts" search={{ status: "open" }} className="hover:underline">
            {count(open)}
          </Link>
        }
      >
        {open === 0 ? (
          "Nothing waits for you"
        ) : (
          <span className="flex flex-wrap gap-x-3">
            {loud.map((severity) => (
              <span key={severity} className="inline-flex items-center gap-1">
                <SeverityMark severity={severity} /> <span className="num">{count(alerts.open_by_severity[severity])}</span>
              </span>
            ))}
          </span>
        )}
      </Figure>
      <Figure
        label="Scans going on now"
        value={
          <span className="flex items-center gap-2">
            {count(alerts.active)}
            {alerts.active > 0 && <Dot tone="accent" pulsing />}
          </span>
        }
      >
        {count(alerts.new)} new, {count(alerts.in_progress)} in progress, {count(alerts.closed)} closed
      </Figure>
      <Figure label="Connection attempts" value={<>{rate(observed.events_per_second)}<Unit>/s</Unit></>}>
        {compact(observed.events_total)} observed since the start
      </Figure>
      <Figure
        label="Losses"
        value={<span className={dropped > 0 ? "text-medium" : ""}>{compact(dropped)}</span>}
      >
        {dropped === 0
          ? sensor.state === "running"
            ? "Every packet and event was read"
            : "The sensor is not running"
          : `${count(sensor.packets_dropped)} packets, ${count(sensor.events_dropped)} events dropped`}
      </Figure>
    </section>
  );
}

function Unit({ children }: { children: ReactNode }) {
  return <span className="ml-0.5 text-sm font-normal text-muted">{children}</span>;
}

function Figure({ label, value, children }: { label: string; value: ReactNode; children: ReactNode }) {
  return (
    <div className="min-w-0 px-4 py-3">
      <p className="text-xs text-muted">{label}</p>
      <p className="num text-xl leading-8 font-semibold">{value}</p>
      <div className="text-xs text-muted">{children}</div>
    </div>
  );
}
