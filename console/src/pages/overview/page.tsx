// The overview: what is open, what is seen, whether we would see it.

import { useQuery } from "@tanstack/react-query";
import { lazy, Suspense, useState } from "react";
import { overview } from "@/api/queries";
import type { Overview } from "@/api/types";
import { compact, rate } from "@/lib/format";
import { Failure, Loading, PageHead, Panel } from "@/ui/parts";
import { Ago } from "@/ui/text";
import { AlertsOverTime } from "./alerts-over-time";
import { Figures } from "./figures";
import { RecentAlerts } from "./recent";
import { SelfTest } from "./selftest";
import { SensorPanel } from "./sensor";
import { StoragePanel } from "./storage";
import { TopList } from "./top";

const EventRate = lazy(() => import("./event-rate"));

const RANGES = [
  { hours: 1, label: "1 h" },
  { hours: 24, label: "24 h" },
  { hours: 168, label: "7 d" },
  { hours: 720, label: "30 d" },
] as const;

export function OverviewPage() {
  const [hours, setHours] = useState(24);
  const query = useQuery({ ...overview(hours), placeholderData: (previous: Overview | undefined) => previous });
  return (
    <>
      <PageHead title="Overview" />
      {query.error && !query.data && <Failure error={query.error} retry={() => void query.refetch()} />}
      {query.isPending && <Loading what="the overview" />}
      {query.data && <Content data={query.data} hours={hours} setHours={setHours} />}
    </>
  );
}

function Content({ data, hours, setHours }: { data: Overview; hours: number; setHours: (hours: number) => void }) {
  return (
    <div className="space-y-3.5">
      <Figures data={data} />
      <div className="grid gap-3.5 xl:grid-cols-3">
        <div className="min-w-0 space-y-3.5 xl:col-span-2">
          <Panel title="Alerts over time" actions={<RangePicker hours={hours} setHours={setHours} />}>
            <AlertsOverTime alerts={data.alerts} hours={data.hours} />
          </Panel>
          <RecentAlerts sensor={data.sensor} />
          <Observed observed={data.observed} />
        </div>
        <div className="min-w-0 space-y-3.5">
          <SensorPanel sensor={data.sensor} />
          <SelfTest />
          <StoragePanel />
        </div>
      </div>
    </div>
  );
}

function Observed({ observed }: { observed: Overview["observed"] }) {
  return (
    <Panel
      title="What is being observed"
      actions={
        <span className="num">
          {rate(observed.events_per_second)} attempts/s now · {compact(observed.events_total)} since the start
        </span>
      }
      flush
    >
      <section className="border-b border-line p-3.5">
        <h3 className="mb-2 text-xs text-muted">Connection attempts per second, last 5 minutes</h3>
        <Suspense fallback={<div className="h-40" />}>
          <EventRate series={observed.series} />
        </Suspense>
      </section>
      <div className="grid divide-line max-md:divide-y md:grid-cols-3 md:divide-x">
        <TopList title="Top sources" items={observed.top_sources} field="source_ip" kind="address" />
        <TopList title="Top targets" items={observed.top_targets} field="target_ip" kind="address" />
        <TopList title="Top ports" items={observed.top_ports} field="target_port" kind="port" />
      </div>
      {observed.since && (
        <p className="border-t border-line px-3.5 py-1.5 text-xs text-muted">
          Top lists count attempts since <Ago time={observed.since} /> and are approximate.
        </p>
      )}
    </Panel>
  );
}

function RangePicker({ hours, setHours }: { hours: number; setHours: (hours: number) => void }) {
  return (
    <div role="group" aria-label="Time range" className="flex overflow-hidden rounded-md border border-line">
      {RANGES.map((range) => (
        <button
          key={range.hours}
          type="button"
          aria-pressed={range.hours === hours}
          onClick={() => setHours(range.hours)}
          className="px-2 py-0.5 hover:bg-raised aria-pressed:bg-accent-soft aria-pressed:text-text"
        >
          {range.label}
        </button>
      ))}
    </div>
  );
}
