// One incident: its alerts over time, who and whom, what people did, and the work on it.

import { useQuery } from "@tanstack/react-query";
import { getRouteApi, Link } from "@tanstack/react-router";
import { type FormEvent, useState } from "react";
import { incident, usePatchIncident } from "@/api/outward";
import { assignees, session } from "@/api/queries";
import type { Incident, Severity } from "@/api/types";
import { count, plural } from "@/lib/format";
import { resolutionName, SEVERITIES, severityName } from "@/lib/words";
import { CloseForm } from "@/pages/alerts/close";
import { Dialog } from "@/ui/dialog";
import { Icon } from "@/ui/icon";
import { Button, Failure, Loading, Panel, SeverityMark, StatusMark, Tag } from "@/ui/parts";
import { Ago, Mono, Outside, Stamp } from "@/ui/text";

const route = getRouteApi("/shell/incidents/$id");

export function IncidentPage() {
  const { id } = route.useParams();
  const number = Number(id);
  const valid = Number.isSafeInteger(number) && number > 0;
  const query = useQuery({ ...incident(number), enabled: valid });
  if (!valid) return <Failure error={new Error(`“${id.slice(0, 40)}” is no incident number.`)} />;
  return (
    <>
      <Link to="/incidents" className="mb-2 inline-flex items-center gap-1 text-muted hover:text-text">
        <Icon name="chevronLeft" size={14} /> Incidents
      </Link>
      {query.isPending && <Loading what="the incident" />}
      {query.error && !query.data && <Failure error={query.error} retry={() => void query.refetch()} />}
      {query.data && <Content one={query.data} />}
    </>
  );
}

function Content({ one }: { one: Incident }) {
  const me = useQuery(session);
  const mayWork = me.data?.role === "analyst" || me.data?.role === "administrator";
  return (
    <>
      <header className="mb-3.5 max-w-4xl space-y-1.5">
        <div className="flex flex-wrap items-center gap-2.5">
          <SeverityMark severity={one.severity} />
          <StatusMark status={one.status} />
          {one.resolution && <Tag>{resolutionName[one.resolution] ?? one.resolution}</Tag>}
          {one.severity_set && <Tag title="A person set the severity">severity set by hand</Tag>}
          <span className="num text-muted">Incident {one.id}</span>
        </div>
        <h1 className="text-lg leading-snug font-semibold"><Outside text={one.name} max={300} /></h1>
        <p className="text-muted">{plural(one.alert_count, "alert")} from <Stamp time={one.first_alert_at} /> to <Stamp time={one.last_alert_at} /></p>
      </header>
      <div className="grid gap-3.5 xl:grid-cols-[minmax(0,1fr)_20rem]">
        <div className="min-w-0 space-y-3.5">
          <Alerts one={one} />
          <History one={one} />
        </div>
        <div className="min-w-0 space-y-3.5">
          <Work one={one} me={me.data?.username ?? ""} mayWork={mayWork} />
          <Hosts title="Sources" list={one.source_ips} total={one.source_count} />
          <Hosts title="Victims" list={one.victims} total={one.victim_count} />
        </div>
      </div>
    </>
  );
}

/** The alerts in the order they came. */
function Alerts({ one }: { one: Incident }) {
  return (
    <Panel title="Alerts, oldest first" flush>
      <ol className="divide-y divide-line">
        {one.alerts.map((alert) => (
          <li key={alert.id} className="flex items-center gap-3 px-3.5 py-2 hover:bg-raised">
            <span className="num w-40 shrink-0 text-muted"><Stamp time={alert.detected_at} /></span>
            <span className="w-24 shrink-0"><SeverityMark severity={alert.severity} /></span>
            <Link to="/alerts/$id" params={{ id: String(alert.id) }} className="min-w-0 flex-1 truncate rounded hover:underline">
              <Outside text={alert.name} max={200} />
            </Link>
            <StatusMark status={alert.status} />
          </li>
        ))}
      </ol>
      {one.alerts.length < one.alert_count && <p className="border-t border-line px-3.5 py-2 text-muted">The first {count(one.alerts.length)} of {count(one.alert_count)}.</p>}
    </Panel>
  );
}

function History({ one }: { one: Incident }) {
  if (one.history.length === 0) return null;
  return (
    <Panel title="What was done" flush>
      <ol className="divide-y divide-line">
        {[...one.history].reverse().map((change, place) => (
          <li key={`${change.time} ${place}`} className="px-3.5 py-2">
            <span className="text-muted"><Ago time={change.time} /> · <Outside text={change.actor} max={60} /> · {change.field.replaceAll("_", " ")}</span>
            <div className="min-w-0 whitespace-pre-wrap">
              {change.old && <><Outside text={change.old} max={200} /> → </>}
              <Outside text={change.new ?? (change.old ? "nothing" : "")} max={2000} />
              {change.note && <> <Outside text={change.note} max={2000} /></>}
            </div>
          </li>
        ))}
      </ol>
    </Panel>
  );
}

function Hosts({ title, list, total }: { title: string; list: string[]; total: number }) {
  if (total === 0) return null;
  return (
    <Panel title={`${title} (${count(total)})`}>
      <ul className="space-y-1">
        {list.map((host) => <li key={host}><Mono text={host} /></li>)}
        {total > list.length && <li className="text-muted">and {count(total - list.length)} more</li>}
      </ul>
    </Panel>
  );
}

function Work({ one, me, mayWork }: { one: Incident; me: string; mayWork: boolean }) {
  const patch = usePatchIncident(one.id);
  const people = useQuery({ ...assignees, enabled: mayWork });
  const [closing, setClosing] = useState(false);
  const [text, setText] = useState("");
  const comment = (event: FormEvent) => {
    event.preventDefault();
    patch.mutate({ comment: text.trim() }, { onSuccess: () => setText("") });
  };
  if (!mayWork) return <Panel title="Work"><p className="text-muted">Assigned to {one.assignee ? <Outside text={one.assignee} max={60} /> : "nobody"}.</p></Panel>;
  const names = [...new Set([...(people.data?.users ?? []), ...(one.assignee ? [one.assignee] : [])])];
  return (
    <Panel title="Work">
      <div className="space-y-3">
        <div className="flex flex-wrap gap-2">
          {one.status === "new" && <Button disabled={patch.isPending} onClick={() => patch.mutate({ status: "in_progress", ...(one.assignee ? {} : { assignee: me }) })}>Start work</Button>}
          {one.status === "closed"
            ? <Button disabled={patch.isPending} onClick={() => patch.mutate({ status: "in_progress" })}>Reopen</Button>
            : <Button kind="primary" disabled={patch.isPending} onClick={() => setClosing(true)}>Close incident…</Button>}
          <Button aria-pressed={one.starred} disabled={patch.isPending} onClick={() => patch.mutate({ starred: !one.starred })}>{one.starred ? "★ Starred" : "☆ Star"}</Button>
        </div>
        <label className="block text-xs text-muted">Assignee
          <select className="field mt-1 block w-full" value={one.assignee ?? ""} disabled={patch.isPending} onChange={(e) => patch.mutate({ assignee: e.target.value || null })}>
            <option value="">Nobody</option>
            {names.map((name) => <option key={name} value={name}>{name}</option>)}
          </select>
        </label>
        <label className="block text-xs text-muted">Severity
          <select className="field mt-1 block w-full" value={one.severity} disabled={patch.isPending} onChange={(e) => patch.mutate({ severity: e.target.value as Severity })}>
            {SEVERITIES.map((severity) => <option key={severity} value={severity}>{severityName[severity]}</option>)}
          </select>
        </label>
        <form onSubmit={comment} className="space-y-1.5">
          <label className="block text-xs text-muted">Comment
            <textarea className="field mt-1 block w-full" rows={3} maxLength={10_000} value={text} onChange={(e) => setText(e.target.value)} />
          </label>
          <Button type="submit" disabled={patch.isPending || !text.trim()}>Add comment</Button>
        </form>
        {patch.error && !closing && <Failure error={patch.error} />}
      </div>
      <Dialog title={`Close incident ${one.id}`} open={closing} onClose={() => setClosing(false)}>
        <p className="mb-3 text-muted">Its open alerts are closed with the same reason.</p>
        <CloseForm
          what="incident"
          busy={patch.isPending}
          error={patch.error}
          cancel={() => setClosing(false)}
          submit={(resolution, note) => patch.mutate({ status: "closed", resolution, ...(note ? { comment: note } : {}) }, { onSuccess: () => setClosing(false) })}
        />
      </Dialog>
    </Panel>
  );
}
