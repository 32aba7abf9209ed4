// The answers an analyst looks for first, in the order they ask.

import type { ReactNode } from "react";
import type { Alert, Detection } from "@/api/types";
import { count, elapsed, plural, span } from "@/lib/format";
import { portSummary, serviceName } from "@/lib/ports";
import { attackName, attributionName, protocolName, scanTypeName, shapeName } from "@/lib/words";
import { Panel, Tag } from "@/ui/parts";
import { Ago, CopyButton, Mono, Outside, Stamp } from "@/ui/text";

export function Facts({ alert, detection: d }: { alert: Alert; detection: Detection }) {
  const seconds = (Date.parse(d.last_seen) - Date.parse(d.first_seen)) / 1000;
  const reaction = Date.parse(d.detected_at) - Date.parse(d.first_seen);
  return (
    <Panel flush>
      <dl className="grid gap-px overflow-hidden rounded-[7px] bg-line md:grid-cols-2 lg:grid-cols-3">
        <Fact name="Who">
          <Addresses list={d.source_ips} cut={d.addresses_cut} />
          {d.candidate_ips.length > 0 && (
            <Note>Decoys: any of {plural(d.candidate_ips.length, "address", "addresses")}, likeliest first: <Mono text={d.candidate_ips.slice(0, 5).join(", ")} max={240} /></Note>
          )}
          <Note title={attributionName[d.attribution]?.why}>
            {attributionName[d.attribution]?.word ?? d.attribution}: {attributionName[d.attribution]?.why}
          </Note>
          <Programs detection={d} />
        </Fact>
        <Fact name="Whom">
          <Addresses list={d.target_ips} cut={d.addresses_cut} />
          <Note>{plural(d.distinct_hosts, "host")}, {d.direction} traffic</Note>
        </Fact>
        <Fact name="How">
          <span className="flex flex-wrap gap-1">{d.scan_types.map((type) => <Tag key={type} title={type}>{scanTypeName(type)}</Tag>)}</span>
          <Note>{shapeName[d.shape] ?? d.shape}</Note>
          <ToolNote detection={d} />
        </Fact>
        <Fact name="How many ports">
          <span className="num font-medium">{plural(d.distinct_ports, "port")}</span>
          <span className="num text-muted">, {plural(d.probes, "probe")}</span>
          {d.ports && <Note><Mono text={portSummary(d.ports, 8)} max={160} /> <CopyButton text={d.ports} label="Copy all" /></Note>}
        </Fact>
        <Fact name="Which were open"><Open detection={d} /></Fact>
        <Fact name="Since when">
          <Stamp time={d.first_seen} digits={3} />
          <Note>
            {alert.active ? "Going on" : "Ended"}; last probe <Ago time={d.last_seen} />, over {span(seconds)}
          </Note>
          <Note>Detected {Number.isFinite(reaction) ? `${elapsed(Math.max(0, reaction))} after the first probe` : "at an unknown time"}</Note>
        </Fact>
        <Fact name="How sure">
          <Score score={d.score} threshold={d.threshold} />
        </Fact>
        <Fact name="MITRE ATT&CK">
          <Attack mitre={d.mitre} />
        </Fact>
        <Fact name="Seen by">
          <Mono text={d.observers.slice(0, 4).join(", ") || "unknown"} max={120} />
          {d.observers.length > 4 && <Note>and {count(d.observers.length - 4)} more</Note>}
          {(alert.seen_by ?? []).map((view) => (
            <Note key={view.detection_id} title={view.reasons.join("\n").slice(0, 2000)}>
              Also by <Mono text={view.observers.slice(0, 4).join(", ")} max={120} />: <Outside text={view.summary} max={300} />
            </Note>
          ))}
          <Losses losses={d.sensor_losses} />
        </Fact>
      </dl>
    </Panel>
  );
}

export function Fact({ name, children }: { name: string; children: ReactNode }) {
  return (
    <div className="min-w-0 bg-panel px-3.5 py-2.5">
      <dt className="mb-0.5 text-xs text-muted">{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}

export function Note({ children, title }: { children: ReactNode; title?: string | undefined }) {
  return <p title={title} className="mt-0.5 text-xs text-muted">{children}</p>;
}

export function Addresses({ list, cut }: { list: string[]; cut: boolean }) {
  if (list.length === 0) return <span className="text-muted">unknown</span>;
  const rest = list.length - 4;
  return (
    <span className="flex flex-wrap items-center gap-x-2">
      {list.slice(0, 4).map((ip) => <Mono key={ip} text={ip} max={45} className="font-medium" />)}
      {rest > 0 && <span className="text-muted" title={list.slice(0, 100).join(", ")}>and {count(rest)}{cut ? " or more" : ""} others</span>}
      {list.length === 1 && <CopyButton text={list[0] ?? ""} />}
    </span>
  );
}

/** The local programs that scan, where this host is the source. */
function Programs({ detection }: { detection: Detection }) {
  return (detection.processes ?? []).map((process) => (
    <Note key={process.pid} title={process.path.slice(0, 500)}>
      By <Outside text={process.name || "a process"} max={60} className="font-medium text-text" /> (process {process.pid}, user <Outside text={process.user} max={40} />): <Mono text={process.command_line} max={200} />
    </Note>
  ));
}

function ToolNote({ detection }: { detection: Detection }) {
  const { name, version_hint: version, confidence, evidence } = detection.tool;
  if (!name) return <Note>Tool: not recognised</Note>;
  return (
    <Note title={evidence.join("\n").slice(0, 2000)}>
      Looks like <Outside text={`${name} ${version}`.trim()} max={60} className="font-medium text-text" /> ({Math.round(confidence * 100)} % sure)
    </Note>
  );
}

function Open({ detection }: { detection: Detection }) {
  const services = detection.open_services.length
    ? detection.open_services
    : detection.open_ports.map((port) => ({ host: "", port, protocol: 6 }));
  if (services.length === 0) return <span>None answered as open</span>;
  const many = new Set(services.map((service) => service.host)).size > 1;
  return (
    <span className="flex flex-wrap gap-1">
      {services.slice(0, 14).map((service) => (
        <Tag key={`${service.host} ${service.protocol} ${service.port}`} title={service.host}>
          <span className="font-mono">
            {many && `${service.host} `}{service.port}/{protocolName(service.protocol)}
          </span>
          {serviceName(service.port) && <span className="ml-1 text-muted">{serviceName(service.port)}</span>}
        </Tag>
      ))}
      {services.length > 14 && <span className="text-muted">and {count(services.length - 14)} more</span>}
    </span>
  );
}

/** The evidence score against what it took to fire: the bar is full at four times that. */
function Score({ score, threshold }: { score: number; threshold: number }) {
  const times = threshold > 0 ? score / threshold : 0;
  const full = Math.min(1, times / 4);
  return (
    <>
      <svg viewBox="0 0 100 6" preserveAspectRatio="none" aria-hidden="true" className="mt-1.5 mb-1 h-1.5 w-full max-w-56">
        <rect width="100" height="6" rx="3" className="fill-raised" />
        <rect width={full * 100} height="6" rx="3" className="fill-accent-solid" />
        <rect x="24.5" width="1" height="6" className="fill-text" />
      </svg>
      <span className="num">Evidence {score.toFixed(1)}</span>
      <Note>{times > 0 ? `${times.toFixed(1)} times the ${threshold.toFixed(1)} it takes to raise an alert` : "No threshold given"}</Note>
    </>
  );
}

export function Attack({ mitre }: { mitre: Detection["mitre"] }) {
  const ids = [...mitre.tactics, ...mitre.techniques];
  if (ids.length === 0) return <span className="text-muted">Not mapped</span>;
  return (
    <ul className="space-y-0.5">
      {ids.map((id) => (
        <li key={id}><Mono text={id} max={20} /> <span className="text-muted">{attackName(id)}</span></li>
      ))}
    </ul>
  );
}

function Losses({ losses }: { losses: Detection["sensor_losses"] }) {
  const { packets_dropped: packets, events_dropped: events, attempts_aggregated: folded } = losses;
  if (packets + events + folded === 0) return <Note>The sensor lost nothing in that time.</Note>;
  const told = [
    packets > 0 && plural(packets, "packet") + " dropped",
    events > 0 && plural(events, "event") + " dropped",
    folded > 0 && plural(folded, "attempt") + " only counted",
  ].filter(Boolean);
  return <p className="mt-0.5 text-xs text-medium">In that time: {told.join(", ")}. The true figures are higher.</p>;
}
