// The rows of the alert list. The name is the link; j and k move between rows.

import { Link, useNavigate } from "@tanstack/react-router";
import { type KeyboardEvent, useEffect, useRef, useState } from "react";
import { watchAlerts } from "@/api/live";
import type { AlertSummary } from "@/api/types";
import { compact, count } from "@/lib/format";
import { scanTypeName, sourceName } from "@/lib/words";
import { Icon } from "@/ui/icon";
import { Dot, SeverityMark, StatusMark, Tag } from "@/ui/parts";
import { Ago, Mono, Outside } from "@/ui/text";

interface Props {
  rows: AlertSummary[];
  sort: string;
  setSort: (sort: string) => void;
  /** With these, rows can be chosen. */
  chosen?: ReadonlySet<number>;
  choose?: (ids: ReadonlySet<number>) => void;
}

export function AlertTable({ rows, sort, setSort, chosen, choose }: Props) {
  const body = useRef<HTMLTableSectionElement>(null);
  const fresh = useFresh();
  const onKeyDown = (event: KeyboardEvent) => {
    const step = { j: 1, ArrowDown: 1, k: -1, ArrowUp: -1 }[event.key];
    if (!step || event.ctrlKey || event.metaKey || event.altKey) return;
    const links = [...(body.current?.querySelectorAll<HTMLAnchorElement>("a[data-row]") ?? [])];
    const at = links.indexOf(document.activeElement as HTMLAnchorElement);
    const next = links[Math.min(links.length - 1, Math.max(0, at + step))];
    if (!next) return;
    event.preventDefault();
    next.focus();
  };
  const head = { sort, setSort };
  return (
    <div className="overflow-x-auto">
      <table className="w-full min-w-[58rem]" onKeyDown={onKeyDown}>
        <thead>
          <tr className="border-b border-line text-xs text-muted">
            {choose && (
              <th scope="col" className="w-8 pl-3.5">
                <Choose
                  label="Choose all shown"
                  checked={rows.every((row) => chosen?.has(row.id))}
                  onChange={(on) => choose(new Set(on ? rows.map((row) => row.id) : []))}
                />
              </th>
            )}
            <SortHead {...head} by="severity" className="w-26 pl-3.5">Severity</SortHead>
            <th scope="col" className="w-24 px-2">Status</th>
            <th scope="col" className="px-2">Alert</th>
            <th scope="col" className="w-44 px-2">Source</th>
            <SortHead {...head} by="probes" className="w-18 px-2" right>Probes</SortHead>
            <th scope="col" className="w-16 px-2 text-right">Ports</th>
            <th scope="col" className="w-28 px-2">Open</th>
            <th scope="col" className="w-24 px-2">Assignee</th>
            <SortHead {...head} by="detected_at" className="w-28 pr-3.5 pl-2" right>Detected</SortHead>
          </tr>
        </thead>
        <tbody ref={body} className="divide-y divide-line">
          {rows.map((alert) => (
            <Row
              key={alert.id}
              alert={alert}
              fresh={fresh.has(alert.id)}
              {...(choose ? { chosen: !!chosen?.has(alert.id), choose: (on: boolean) => choose(changed(chosen, alert.id, on)) } : {})}
            />
          ))}
        </tbody>
      </table>
    </div>
  );
}

function changed(chosen: ReadonlySet<number> | undefined, id: number, on: boolean): ReadonlySet<number> {
  const next = new Set(chosen);
  if (on) next.add(id);
  else next.delete(id);
  return next;
}

function Choose({ label, checked, onChange }: { label: string; checked: boolean; onChange: (on: boolean) => void }) {
  return <input type="checkbox" aria-label={label} className="mt-0.5 accent-accent-solid" checked={checked} onChange={(e) => onChange(e.target.checked)} />;
}

/** Alerts that arrived while the list is open: they light up for a moment. */
function useFresh(): ReadonlySet<number> {
  const [fresh, setFresh] = useState<ReadonlySet<number>>(new Set());
  useEffect(() => watchAlerts(({ change, alert }) => {
    if (change === "opened") setFresh((old) => new Set(old).add(alert.id));
  }), []);
  return fresh;
}

function SortHead({ by, sort, setSort, right = false, className, children }: {
  by: string;
  sort: string;
  setSort: (sort: string) => void;
  right?: boolean;
  className: string;
  children: string;
}) {
  const state = sort === by ? "ascending" : sort === `-${by}` ? "descending" : "none";
  return (
    <th scope="col" aria-sort={state} className={`${className} ${right ? "text-right" : ""}`}>
      <button
        type="button"
        className="inline-flex items-center gap-1 py-2 hover:text-text"
        onClick={() => setSort(state === "descending" ? by : `-${by}`)}
      >
        {children}
        {state !== "none" && <Icon name={state === "ascending" ? "arrowUp" : "arrowDown"} size={12} />}
      </button>
    </th>
  );
}

function Row({ alert, fresh, chosen = false, choose }: { alert: AlertSummary; fresh: boolean; chosen?: boolean; choose?: (on: boolean) => void }) {
  const navigate = useNavigate();
  const open = () => {
    // Selecting text in a row must not open it.
    if (window.getSelection()?.toString()) return;
    void navigate({ to: "/alerts/$id", params: { id: String(alert.id) } });
  };
  return (
    <tr onClick={open} className={`cursor-pointer align-top hover:bg-raised ${fresh ? "arrived" : ""}`}>
      {choose && (
        <td className="py-2 pl-3.5" onClick={(event) => event.stopPropagation()}>
          <Choose label={`Choose alert ${alert.id}`} checked={chosen} onChange={choose} />
        </td>
      )}
      <td className="py-2 pr-2 pl-3.5"><SeverityMark severity={alert.severity} /></td>
      <td className="px-2 py-2"><StatusMark status={alert.status} /></td>
      <td className="max-w-0 px-2 py-2">
        <Link
          to="/alerts/$id"
          params={{ id: String(alert.id) }}
          data-row
          onClick={(event) => event.stopPropagation()}
          className="block truncate rounded font-medium hover:underline"
        >
          <Outside text={alert.name} max={200} />
        </Link>
        <span className="mt-0.5 flex items-center gap-1.5 overflow-hidden text-xs whitespace-nowrap text-muted">
          {alert.active && <span className="inline-flex items-center gap-1.5 text-accent"><Dot tone="accent" pulsing />going on</span>}
          {alert.self_test && <Tag>self-test</Tag>}
          {alert.excluded_by !== null && <Tag>excluded</Tag>}
          {alert.source === "detection"
            ? <span>{alert.scan_types.slice(0, 3).map(scanTypeName).join(", ")}</span>
            : <span className="truncate"><Tag>{sourceName[alert.source]}</Tag> <Outside text={alert.rule_name ?? alert.category} max={80} /></span>}
          {alert.duplicates > 0 && <span className="num">· {count(alert.duplicates)} more of the same</span>}
          {alert.tool && <span className="truncate">· <Outside text={alert.tool} max={60} /></span>}
        </span>
      </td>
      <td className="max-w-0 truncate px-2 py-2"><Addresses list={alert.source_ips} total={alert.source_count} /></td>
      <td className="num px-2 py-2 text-right" title={count(alert.probes)}>{compact(alert.probes)}</td>
      <td className="num px-2 py-2 text-right">{count(alert.distinct_ports)}</td>
      <td className="px-2 py-2"><OpenPorts ports={alert.open_ports} /></td>
      <td className="max-w-0 truncate px-2 py-2">{alert.assignee ? <Outside text={alert.assignee} max={40} /> : <span className="text-muted">–</span>}</td>
      <td className="py-2 pr-3.5 pl-2 text-right text-muted"><Ago time={alert.detected_at} /></td>
    </tr>
  );
}

function Addresses({ list, total }: { list: string[]; total: number }) {
  const [first] = list;
  if (first === undefined) return <span className="text-muted">unknown</span>;
  return (
    <span>
      <span title={first.length > 20 ? first : undefined}><Mono text={first} max={45} /></span>
      {total > 1 && <span className="text-xs text-muted" title={list.join(", ")}> +{count(total - 1)}</span>}
    </span>
  );
}

function OpenPorts({ ports }: { ports: number[] }) {
  if (ports.length === 0) return <span className="text-muted">none</span>;
  const shown = ports.slice(0, 3).join(", ");
  return (
    <span title={ports.join(", ")}>
      <Mono text={shown} />
      {ports.length > 3 && <span className="text-xs text-muted"> +{ports.length - 3}</span>}
    </span>
  );
}
