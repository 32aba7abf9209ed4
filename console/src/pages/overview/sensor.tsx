// The sensor's health, in plain words, with the fix when it does not run.

import type { ReactNode } from "react";
import type { Sensor } from "@/api/types";
import { count } from "@/lib/format";
import { sensorName } from "@/lib/words";
import { Help } from "@/ui/degraded";
import { Dot, Panel } from "@/ui/parts";
import { Ago, Mono, Outside } from "@/ui/text";

const CONSEQUENCE: Record<Exclude<Sensor["state"], "running">, string> = {
  off: "The sensor was switched off. Scans of this host are not seen; logs are still taken in and searched.",
  not_permitted: "The sensor may not read packets. Scans of this host are not seen; logs are still taken in and searched.",
  failed: "The sensor stopped with an error. Scans of this host are not seen until it runs again.",
  stopped: "The sensor is stopped. Scans of this host are not seen until it runs again.",
};

export function SensorPanel({ sensor }: { sensor: Sensor }) {
  const running = sensor.state === "running";
  return (
    <Panel
      title="Sensor on this host"
      actions={
        <span className="inline-flex items-center gap-1.5 text-text">
          <Dot tone={running ? "good" : "bad"} /> {sensorName[sensor.state]}
        </span>
      }
    >
      {sensor.state !== "running" && (
        <div className="mb-3 space-y-2">
          <p>{CONSEQUENCE[sensor.state]}</p>
          {sensor.reason && <p className="text-muted">Why: <Outside text={sensor.reason} max={400} /></p>}
          {sensor.help && <p className="space-x-1.5"><span className="text-muted">To fix it:</span> <Help text={sensor.help} /></p>}
        </div>
      )}
      <dl className="grid grid-cols-[auto_1fr] gap-x-4 gap-y-1">
        <Fact name="Interfaces">
          {sensor.interfaces.length ? <Mono text={sensor.interfaces.join(", ")} max={200} /> : "none"}
        </Fact>
        <Fact name="Running since"><Ago time={sensor.started_at} /></Fact>
        <Fact name="Packets read"><span className="num">{count(sensor.packets)}</span></Fact>
        <Fact name="Attempts seen"><span className="num">{count(sensor.events)}</span></Fact>
        <Fact name="Dropped">
          <span className={`num ${sensor.packets_dropped + sensor.events_dropped > 0 ? "text-medium" : ""}`}>
            {count(sensor.packets_dropped)} packets, {count(sensor.events_dropped)} events
          </span>
        </Fact>
        <Fact name="Local programs">
          {sensor.processes?.running
            ? <span className="num">named for {count(sensor.processes.named)} of {count(sensor.processes.named + sensor.processes.unnamed)} attempts</span>
            : "not looked up"}
        </Fact>
      </dl>
      {running && sensor.processes?.limits.map((limit) => (
        <p key={limit} className="mt-2 text-xs text-muted">Local programs: <Outside text={limit} max={500} /></p>
      ))}
    </Panel>
  );
}

function Fact({ name, children }: { name: string; children: ReactNode }) {
  return (
    <>
      <dt className="text-muted">{name}</dt>
      <dd className="min-w-0 text-right">{children}</dd>
    </>
  );
}
