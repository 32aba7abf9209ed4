// Incidents: alerts that belong together, as lists show them.

import { useQuery } from "@tanstack/react-query";
import { getRouteApi, Link, useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import { type IncidentFilter, incidents } from "@/api/outward";
import type { IncidentSummary } from "@/api/types";
import { count, plural } from "@/lib/format";
import { SEVERITIES, severityName } from "@/lib/words";
import { Button, Empty, Failure, Loading, PageHead, SeverityMark, StatusMark, WideTable } from "@/ui/parts";
import { Ago, Mono, Outside } from "@/ui/text";

const route = getRouteApi("/shell/incidents");
const STEP = 50;
const MOST = 500;

export function IncidentsPage() {
  const search = route.useSearch();
  const navigate = useNavigate({ from: "/incidents" });
  const [limit, setLimit] = useState(STEP);
  const filter: IncidentFilter = { ...search, status: search.status ?? "open", sort: search.sort ?? "-updated_at" };
  const query = useQuery(incidents(filter, limit));
  const change = (part: IncidentFilter) => {
    setLimit(STEP);
    const next = Object.fromEntries(Object.entries({ ...search, ...part }).filter(([, value]) => value));
    void navigate({ search: next, replace: true });
  };
  const rows = query.data?.incidents ?? [];
  return (
    <>
      <PageHead title="Incidents">
        <p role="status" className="num text-muted">{query.data && plural(query.data.total, "incident")}</p>
      </PageHead>
      <div className="panel min-w-0">
        <Filters filter={filter} change={change} />
        {query.isPending && <Loading what="incidents" />}
        {query.error && <div className="p-3.5"><Failure error={query.error} retry={() => void query.refetch()} /></div>}
        {rows.length > 0 && <Table rows={rows} />}
        {query.data && rows.length === 0 && (
          <Empty icon="check" title="No incidents here.">
            <p>Alerts of the same source, or of a victim that became a source, are put together into one incident.</p>
            {filter.status !== "all" && <Button onClick={() => change({ status: "all", q: undefined, severity: undefined })}>Show all incidents</Button>}
          </Empty>
        )}
        {query.data && rows.length < query.data.total && (
          <footer className="flex items-center gap-3 border-t border-line px-3.5 py-2 text-muted">
            <span className="num">Showing {count(rows.length)} of {count(query.data.total)}.</span>
            {limit < MOST ? <Button disabled={query.isFetching} onClick={() => setLimit((n) => Math.min(MOST, n * 2))}>Show more</Button> : <span>Narrow the filter, or search <code>dataset = incidents</code> with XQL.</span>}
          </footer>
        )}
      </div>
    </>
  );
}

function Filters({ filter, change }: { filter: IncidentFilter; change: (part: IncidentFilter) => void }) {
  return (
    <div className="flex flex-wrap items-center gap-2 border-b border-line p-2.5">
      <select className="field" aria-label="Status" value={filter.status} onChange={(e) => change({ status: e.target.value })}>
        <option value="open">Open</option>
        <option value="new">New</option>
        <option value="in_progress">In progress</option>
        <option value="closed">Closed</option>
        <option value="all">All</option>
      </select>
      <select className="field" aria-label="Severity" value={filter.severity ?? ""} onChange={(e) => change({ severity: e.target.value })}>
        <option value="">Any severity</option>
        {SEVERITIES.map((one) => <option key={one} value={one}>{severityName[one]}</option>)}
      </select>
      <select className="field" aria-label="Order" value={filter.sort} onChange={(e) => change({ sort: e.target.value })}>
        <option value="-updated_at">Latest change first</option>
        <option value="-created_at">Newest first</option>
        <option value="-severity">Most severe first</option>
      </select>
      <input className="field min-w-48 flex-1" type="search" aria-label="Search in the alerts" placeholder="Address, host or words" defaultValue={filter.q ?? ""} onKeyDown={(e) => { if (e.key === "Enter") change({ q: e.currentTarget.value.trim() }); }} />
    </div>
  );
}

function Table({ rows }: { rows: IncidentSummary[] }) {
  return (
    <WideTable
      width="min-w-[56rem]"
      head={
        <>
          <th scope="col" className="w-28 py-2 pl-3.5">Severity</th>
          <th scope="col" className="px-2">Incident</th>
          <th scope="col" className="w-20 px-2 text-right">Alerts</th>
          <th scope="col" className="w-52 px-2">Sources</th>
          <th scope="col" className="w-52 px-2">Victims</th>
          <th scope="col" className="w-28 px-2">Status</th>
          <th scope="col" className="w-28 px-2">Assignee</th>
          <th scope="col" className="w-24 pr-3.5 pl-2">Changed</th>
        </>
      }
    >
      {rows.map((one) => (
        <tr key={one.id} className="hover:bg-raised">
          <td className="py-2 pl-3.5"><SeverityMark severity={one.severity} /></td>
          <td className="max-w-0 px-2">
            <Link to="/incidents/$id" params={{ id: String(one.id) }} data-incident className="block truncate rounded font-medium hover:underline">
              {one.starred && <span title="Starred" aria-label="Starred">★ </span>}<Outside text={one.name} max={200} />
            </Link>
          </td>
          <td className="num px-2 text-right">{count(one.alert_count)}</td>
          <td className="max-w-0 truncate px-2"><Parties list={one.source_ips} total={one.source_count} /></td>
          <td className="max-w-0 truncate px-2"><Parties list={one.victims} total={one.victim_count} /></td>
          <td className="px-2"><StatusMark status={one.status} /></td>
          <td className="max-w-0 truncate px-2 text-muted">{one.assignee ? <Outside text={one.assignee} max={40} /> : "–"}</td>
          <td className="pr-3.5 pl-2 text-muted"><Ago time={one.updated_at} /></td>
        </tr>
      ))}
    </WideTable>
  );
}

export function Parties({ list, total }: { list: string[]; total: number }) {
  const [first] = list;
  if (!first) return <span className="text-muted">unknown</span>;
  return <><Mono text={first} />{total > 1 && <span className="text-muted"> and {count(total - 1)} more</span>}</>;
}
