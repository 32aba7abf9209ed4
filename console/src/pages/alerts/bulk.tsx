// The bar over the list when alerts are chosen: one change to all of them, or to all that match.

import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { type AlertFilter, alertParameters, assignees, type BulkTarget, session, useBulk } from "@/api/queries";
import type { AlertPatch, AlertSummary } from "@/api/types";
import { count, plural } from "@/lib/format";
import { Dialog } from "@/ui/dialog";
import { MenuItem, MenuLabel, MenuRoot } from "@/ui/menu";
import { Button, buttonClass, Failure } from "@/ui/parts";
import { Outside } from "@/ui/text";
import { CloseForm } from "./close";

export function BulkBar({ rows, total, filter, chosen, clear }: {
  rows: AlertSummary[];
  total: number;
  filter: AlertFilter;
  chosen: ReadonlySet<number>;
  clear: () => void;
}) {
  const bulk = useBulk();
  const [all, setAll] = useState(false);
  const [closing, setClosing] = useState(false);
  const ids = rows.filter((row) => chosen.has(row.id)).map((row) => row.id);
  const everyShown = ids.length === rows.length;
  const target: BulkTarget = all && everyShown ? { filter: alertParameters(filter).toString(), expected: total } : { ids };
  const number = "ids" in target ? target.ids.length : total;
  const apply = (change: AlertPatch) =>
    bulk.mutate({ target, change }, { onSuccess: (done) => { setClosing(false); if (done.refused.length === 0) clear(); } });
  return (
    <div role="group" aria-label="Chosen alerts" className="flex flex-wrap items-center gap-2 border-b border-line bg-raised px-3.5 py-2">
      <span className="num font-medium" role="status">{plural(number, "alert")} chosen</span>
      {everyShown && total > rows.length && !all && <Button kind="quiet" onClick={() => setAll(true)}>Choose all {count(total)} that match</Button>}
      <Button disabled={bulk.isPending} onClick={() => apply({ status: "in_progress" })}>Start work</Button>
      <AssignMany onAssign={(assignee) => apply({ assignee })} />
      <Button kind="primary" disabled={bulk.isPending} onClick={() => setClosing(true)}>Close {plural(number, "alert")}…</Button>
      <Button kind="quiet" onClick={clear}>Choose none</Button>
      {bulk.error && !closing && <Failure error={bulk.error} />}
      {bulk.data && bulk.data.refused.length > 0 && (
        <p role="alert" className="text-bad">
          {plural(bulk.data.refused.length, "alert")} could not be changed: <Outside text={bulk.data.refused[0]?.message ?? ""} max={200} />
        </p>
      )}
      <Dialog title={`Close ${plural(number, "alert")}`} open={closing} onClose={() => setClosing(false)}>
        <CloseForm
          busy={bulk.isPending}
          error={bulk.error}
          label={`Close ${plural(number, "alert")}`}
          cancel={() => setClosing(false)}
          submit={(resolution, comment) => apply({ status: "closed", resolution, ...(comment ? { comment } : {}) })}
        />
      </Dialog>
    </div>
  );
}

function AssignMany({ onAssign }: { onAssign: (user: string | null) => void }) {
  const { data } = useQuery(assignees);
  const me = useQuery(session).data?.username;
  return (
    <MenuRoot label="Assign the chosen alerts to" align="start" trigger={<button type="button" className={buttonClass()}>Assign</button>}>
      <MenuLabel>Assign to</MenuLabel>
      {data?.users.map((user) => (
        <MenuItem key={user} onSelect={() => onAssign(user)}>{user === me ? `Me (${me})` : <Outside text={user} max={40} />}</MenuItem>
      ))}
      <MenuItem onSelect={() => onAssign(null)}>Nobody</MenuItem>
    </MenuRoot>
  );
}
