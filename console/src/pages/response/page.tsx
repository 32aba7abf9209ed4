// Response: sources that are cut off, what is allowed, and who never is.

import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { type FormEvent, useState } from "react";
import { type Block, blocks, type Follower, type Policy, type ResponseStatus, responseStatus, useResponseChange } from "@/api/response";
import { session } from "@/api/queries";
import type { Severity } from "@/api/types";
import { plural } from "@/lib/format";
import { SEVERITIES, severityName } from "@/lib/words";
import { Button, Empty, Failure, Loading, PageHead, Panel, Tag, WideTable } from "@/ui/parts";
import { Ago, Mono, Outside, Stamp } from "@/ui/text";
import { SPANS } from "../alerts/block";

type Change = ReturnType<typeof useResponseChange>;

export function ResponsePage() {
  const state = useQuery(responseStatus);
  const me = useQuery(session);
  const change = useResponseChange();
  const administrator = me.data?.role === "administrator";
  const mayWork = administrator || me.data?.role === "analyst";
  return (
    <>
      <PageHead title="Response">
        {state.data && <p role="status" className="num text-muted">{state.data.policy.enabled ? `On: ${plural(state.data.blocks, "source")} blocked` : "Off: no source is blocked"}</p>}
      </PageHead>
      {change.error && <div className="mb-3.5"><Failure error={change.error} /></div>}
      {state.error && !state.data && <Failure error={state.error} retry={() => void state.refetch()} />}
      {state.isPending && <Loading what="the state of response" />}
      {state.data && (
        <div className="space-y-3.5">
          {!state.data.ready && (
            <Panel title="No source can be blocked here">
              <p><Outside text={state.data.reason ?? ""} max={300} /></p>
              <p className="text-muted"><Outside text={state.data.help ?? ""} max={400} /></p>
            </Panel>
          )}
          <Blocks change={change} mayWork={mayWork} administrator={administrator} />
          {state.data.followers.length > 0 && <Followers all={state.data.followers} />}
          <PolicyPanel key={JSON.stringify(state.data.policy)} state={state.data} change={change} administrator={administrator} />
        </div>
      )}
    </>
  );
}

function Blocks({ change, mayWork, administrator }: { change: Change; mayWork: boolean; administrator: boolean }) {
  const [all, setAll] = useState(false);
  const query = useQuery(blocks(all));
  const rows = query.data ?? [];
  return (
    <Panel
      title="Blocks"
      flush
      actions={
        <>
          <label className="flex items-center gap-1.5">
            <input type="checkbox" className="accent-accent-solid" checked={all} onChange={(e) => setAll(e.target.checked)} />
            Also those that are over
          </label>
          {administrator && rows.some((row) => row.ended_at === null) && <Button kind="danger" disabled={change.isPending} onClick={() => change.mutate({ kind: "clear" })}>End all</Button>}
        </>
      }
    >
      {query.error && <Failure error={query.error} retry={() => void query.refetch()} />}
      {query.data && rows.length === 0 && <Empty icon="check" title="No source is blocked.">A source is blocked from the page of its alert.</Empty>}
      {rows.length > 0 && (
        <WideTable
          width="min-w-[48rem]"
          head={
            <>
              <th scope="col" className="w-48 py-2 pl-3.5">Source</th>
              <th scope="col" className="px-2">Reason</th>
              <th scope="col" className="w-40 px-2">By</th>
              <th scope="col" className="w-44 px-2">Until</th>
              <th scope="col" className="w-24 pr-3.5 pl-2"><span className="sr-only">Actions</span></th>
            </>
          }
        >
          {rows.map((row) => <BlockRow key={row.id} row={row} change={change} mayWork={mayWork} />)}
        </WideTable>
      )}
    </Panel>
  );
}

function BlockRow({ row, change, mayWork }: { row: Block; change: Change; mayWork: boolean }) {
  return (
    <tr className="align-top">
      <td className="py-2 pl-3.5"><Mono text={row.address} max={45} /></td>
      <td className="px-2 py-2">
        <Outside text={row.reason} max={200} />
        <span className="flex flex-wrap gap-1.5 text-xs text-muted">
          {row.alert_id !== null && <Link to="/alerts/$id" params={{ id: String(row.alert_id) }} className="underline">alert {row.alert_id}</Link>}
          {row.automatic && <Tag>by the policy</Tag>}
          {row.overridden && <Tag>without confirmed evidence</Tag>}
          {row.hook && <span>Hook: <Outside text={row.hook} max={120} /></span>}
        </span>
      </td>
      <td className="px-2 py-2"><Outside text={row.created_by} max={40} /> <span className="text-xs text-muted"><Ago time={row.created_at} /></span></td>
      <td className="px-2 py-2">{row.ended_at === null ? <Stamp time={row.expires_at} /> : <Tag>{row.ending ?? "over"}</Tag>}</td>
      <td className="py-2 pr-3.5 pl-2 text-right">
        {mayWork && row.ended_at === null && <Button aria-label={`Undo the block of ${row.address}`} disabled={change.isPending} onClick={() => change.mutate({ kind: "undo", id: row.id })}>Undo</Button>}
      </td>
    </tr>
  );
}

function Followers({ all }: { all: Follower[] }) {
  return (
    <Panel title="Carried out on other hosts too" flush>
      <WideTable
        width="min-w-[40rem]"
        head={
          <>
            <th scope="col" className="w-56 py-2 pl-3.5">Host</th>
            <th scope="col" className="px-2">Blocked there</th>
            <th scope="col" className="px-2">Spared there</th>
            <th scope="col" className="w-28 pr-3.5 pl-2">Heard of</th>
          </>
        }
      >
        {all.map((one) => (
          <tr key={one.host} className="align-top">
            <td className="py-2 pl-3.5"><Outside text={one.host} max={60} /> <span className="block"><Mono text={one.address} max={45} /></span></td>
            <td className="px-2 py-2">{one.trouble ? <span className="text-bad"><Outside text={one.trouble} max={300} /></span> : <Outside text={one.blocked.slice(0, 20).join(", ") || "none"} max={400} />}</td>
            <td className="px-2 py-2 text-muted">{one.spared.slice(0, 10).map((spare) => <span key={spare.address} className="block"><Outside text={`${spare.address} ${spare.why}`} max={160} /></span>)}</td>
            <td className="py-2 pr-3.5 pl-2 text-muted"><Ago time={one.last_seen} /></td>
          </tr>
        ))}
      </WideTable>
    </Panel>
  );
}

function PolicyPanel({ state, change, administrator }: { state: ResponseStatus; change: Change; administrator: boolean }) {
  const [policy, setPolicy] = useState<Policy>(state.policy);
  const [list, setList] = useState(state.policy.never_block.join("\n"));
  const set = (part: Partial<Policy["automatic"]>) => setPolicy({ ...policy, automatic: { ...policy.automatic, ...part } });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    const never_block = list.split(/[\s,]+/).filter(Boolean);
    change.mutate({ kind: "policy", edit: { ...policy, never_block } });
  };
  return (
    <Panel title="What is allowed">
      <form onSubmit={submit} className="space-y-3.5">
        <fieldset disabled={!administrator} className="space-y-3.5">
          <label className="flex items-center gap-1.5">
            <input type="checkbox" className="accent-accent-solid" checked={policy.enabled} onChange={(e) => setPolicy({ ...policy, enabled: e.target.checked })} />
            Sources may be blocked in this host's firewall
          </label>
          <div className="flex flex-wrap items-center gap-2">
            <label className="flex items-center gap-1.5">
              <input type="checkbox" className="accent-accent-solid" checked={policy.automatic.enabled} onChange={(e) => set({ enabled: e.target.checked })} />
              Also without a person: proven scans of at least
            </label>
            <select className="field" aria-label="Least severity" value={policy.automatic.min_severity} onChange={(e) => set({ min_severity: e.target.value as Severity })}>
              {SEVERITIES.map((severity) => <option key={severity} value={severity}>{severityName[severity]}</option>)}
            </select>
            <select className="field" aria-label="For how long" value={policy.automatic.seconds} onChange={(e) => set({ seconds: Number(e.target.value) })}>
              {[...new Set([...SPANS.map((span) => span.seconds as number), policy.automatic.seconds])].map((seconds) => (
                <option key={seconds} value={seconds}>{SPANS.find((span) => span.seconds === seconds)?.label ?? `${seconds} s`}</option>
              ))}
            </select>
          </div>
          <label className="block space-y-1">
            <span className="font-medium">Never block</span> <span className="text-xs text-muted">addresses and networks, one a line</span>
            <textarea className="field block w-full max-w-xl font-mono text-xs" rows={3} spellCheck={false} value={list} onChange={(e) => setList(e.target.value)} />
          </label>
          {administrator && <Button type="submit" kind="primary" disabled={change.isPending}>Save</Button>}
        </fieldset>
      </form>
      <dl className="mt-3.5 grid grid-cols-[8rem_1fr] gap-y-1 border-t border-line pt-3 text-xs text-muted">
        <dt>Always spared</dt>
        <dd>Loopback, approved scanners, and every address from which somebody used Vedette within a day; also:</dd>
        <dt>This host</dt><dd><Outside text={state.spared.own.join(", ")} max={400} /></dd>
        <dt>Its routers</dt><dd><Outside text={state.spared.routers.join(", ") || "none"} max={400} /></dd>
        <dt>Its resolvers</dt><dd><Outside text={state.spared.resolvers.join(", ") || "none"} max={400} /></dd>
        <dt>Hook command</dt><dd>{state.hook ? "is told of every block and its end" : "none"}</dd>
      </dl>
    </Panel>
  );
}
