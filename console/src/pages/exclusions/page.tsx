// Exclusions: what is hidden, why, since when, how often; made by hand, and ended.

import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useState } from "react";
import { conditionWords, type Exclusion, exclusions, useExclusionChange } from "@/api/exclusions";
import { session } from "@/api/queries";
import { count, plural } from "@/lib/format";
import { Dialog } from "@/ui/dialog";
import { Button, Empty, Failure, Loading, PageHead, Tag, WideTable } from "@/ui/parts";
import { Ago, Outside, Stamp } from "@/ui/text";
import { ExclusionForm } from "./form";

export function ExclusionsPage() {
  const [all, setAll] = useState(false);
  const [adding, setAdding] = useState(false);
  const query = useQuery(exclusions(all));
  const me = useQuery(session);
  const mayWork = me.data?.role === "analyst" || me.data?.role === "administrator";
  const rows = query.data?.exclusions ?? [];
  return (
    <>
      <PageHead title="Exclusions">
        {query.data && (
          <p role="status" className="num text-muted">
            {plural(query.data.hidden, "alert")} hidden now ·{" "}
            <Link to="/alerts" search={{ status: "all", excluded: true }} className="underline">show them</Link>
          </p>
        )}
        <label className="flex items-center gap-1.5 text-muted">
          <input type="checkbox" className="accent-accent-solid" checked={all} onChange={(e) => setAll(e.target.checked)} />
          Also those that are over
        </label>
        {mayWork && <Button kind="primary" onClick={() => setAdding(true)}>New exclusion…</Button>}
      </PageHead>
      <div className="panel min-w-0">
        {query.isPending && <Loading what="the exclusions" />}
        {query.error && <div className="p-3.5"><Failure error={query.error} retry={() => void query.refetch()} /></div>}
        {query.data && rows.length === 0 && (
          <Empty icon="check" title="Nothing is excluded.">
            <p>Every alert is shown and told. An exclusion is best made from an alert: “Exclude…” on its page.</p>
          </Empty>
        )}
        {rows.length > 0 && <Table rows={rows} mayWork={mayWork} />}
      </div>
      <Dialog title="New exclusion" open={adding} onClose={() => setAdding(false)}>
        <ExclusionForm start={{}} done={() => setAdding(false)} />
      </Dialog>
    </>
  );
}

function Table({ rows, mayWork }: { rows: Exclusion[]; mayWork: boolean }) {
  const [removing, setRemoving] = useState<Exclusion | null>(null);
  return (
    <>
      <WideTable
        width="min-w-[56rem]"
        head={
          <>
            <th scope="col" className="w-12 py-2 pl-3.5">No.</th>
            <th scope="col" className="px-2">Hides</th>
            <th scope="col" className="px-2">Reason</th>
            <th scope="col" className="w-16 px-2 text-right">Hits</th>
            <th scope="col" className="w-28 px-2">Last hit</th>
            <th scope="col" className="w-40 px-2">Ends</th>
            <th scope="col" className="w-28 pr-3.5 pl-2"><span className="sr-only">Actions</span></th>
          </>
        }
      >
        {rows.map((row) => (
          <tr key={row.id} className="align-top">
            <td className="num py-2 pl-3.5 text-muted">{row.id}</td>
            <td className="px-2 py-2">
              <span className="flex flex-wrap gap-1">
                {conditionWords(row.conditions).map((words) => <Tag key={words}><Outside text={words} max={120} /></Tag>)}
              </span>
            </td>
            <td className="max-w-xs px-2 py-2">
              <Outside text={row.reason} max={300} />
              <span className="block text-xs text-muted">
                <Outside text={row.created_by} max={40} />, <Ago time={row.created_at} />
                {row.alert_id !== null && <>, from <Link to="/alerts/$id" params={{ id: String(row.alert_id) }} className="underline">alert {row.alert_id}</Link></>}
              </span>
            </td>
            <td className="num px-2 py-2 text-right">{count(row.hits)}</td>
            <td className="px-2 py-2 text-muted"><Ago time={row.last_hit_at} /></td>
            <td className="px-2 py-2">{row.in_force ? <Stamp time={row.expires_at} /> : <Tag>{row.removed_at ? "removed" : "over"}</Tag>}</td>
            <td className="py-2 pr-3.5 pl-2 text-right">
              {mayWork && row.removed_at === null && <Button kind="danger" aria-label={`Remove exclusion ${row.id}`} onClick={() => setRemoving(row)}>Remove</Button>}
            </td>
          </tr>
        ))}
      </WideTable>
      <Dialog title={`Remove exclusion ${removing?.id ?? ""}`} open={removing !== null} onClose={() => setRemoving(null)}>
        {removing && <Remove row={removing} done={() => setRemoving(null)} />}
      </Dialog>
    </>
  );
}

function Remove({ row, done }: { row: Exclusion; done: () => void }) {
  const [show, setShow] = useState(true);
  const change = useExclusionChange();
  return (
    <div className="space-y-3.5">
      <p>Alerts like these are shown and told again from now on.</p>
      <label className="flex items-center gap-1.5">
        <input type="checkbox" className="accent-accent-solid" checked={show} onChange={(e) => setShow(e.target.checked)} />
        Also show the {plural(row.hidden, "alert")} it hides now
      </label>
      {change.error && <Failure error={change.error} />}
      <div className="flex justify-end gap-2">
        <Button onClick={done}>Cancel</Button>
        <Button kind="primary" disabled={change.isPending} onClick={() => change.mutate({ kind: "remove", id: row.id, show }, { onSuccess: done })}>Remove</Button>
      </div>
    </div>
  );
}
