// What an analyst does with an alert: take it, assign it, close it with a reason, open it again.

import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { assignees, usePatchAlert } from "@/api/queries";
import type { Alert } from "@/api/types";
import { Dialog } from "@/ui/dialog";
import { Icon } from "@/ui/icon";
import { MenuItem, MenuLabel, MenuRoot, MenuSeparator } from "@/ui/menu";
import { Button, Failure, buttonClass } from "@/ui/parts";
import { Outside } from "@/ui/text";
import { BlockButton } from "./block";
import { CloseForm } from "./close";
import { ExcludeButton } from "./exclude";

export function Actions({ alert, me, administrator }: { alert: Alert; me: string; administrator: boolean }) {
  const patch = usePatchAlert(alert.id);
  const [closing, setClosing] = useState(false);
  return (
    <div className="shrink-0 space-y-2">
      <div className="flex flex-wrap gap-2">
        <Assign alert={alert} me={me} onAssign={(assignee) => patch.mutate({ assignee })} />
        {!alert.self_test && <ExcludeButton alert={alert} />}
        {!alert.self_test && alert.source_ips.length > 0 && <BlockButton alert={alert} administrator={administrator} />}
        {alert.status === "new" && (
          <Button disabled={patch.isPending} onClick={() => patch.mutate({ status: "in_progress", ...(alert.assignee ? {} : { assignee: me }) })}>
            Start work
          </Button>
        )}
        {alert.status === "closed" ? (
          <Button disabled={patch.isPending} onClick={() => patch.mutate({ status: "in_progress" })}>Reopen</Button>
        ) : (
          <Button kind="primary" disabled={patch.isPending} onClick={() => setClosing(true)}>Close alert…</Button>
        )}
      </div>
      {patch.error && !closing && <Failure error={patch.error} />}
      <Dialog title={`Close alert ${alert.id}`} open={closing} onClose={() => setClosing(false)}>
        <CloseForm
          busy={patch.isPending}
          error={patch.error}
          cancel={() => setClosing(false)}
          submit={(resolution, comment) =>
            patch.mutate(
              { status: "closed", resolution, ...(comment ? { comment } : {}) },
              { onSuccess: () => setClosing(false) },
            )
          }
        />
      </Dialog>
    </div>
  );
}

function Assign({ alert, me, onAssign }: { alert: Alert; me: string; onAssign: (user: string | null) => void }) {
  const { data } = useQuery(assignees);
  const others = (data?.users ?? []).filter((user) => user !== me);
  return (
    <MenuRoot
      label="Assign to"
      trigger={
        <button type="button" className={buttonClass()}>
          <Icon name="user" size={15} />
          {alert.assignee ? <Outside text={alert.assignee} max={24} /> : "Assign"}
          <Icon name="chevronDown" size={13} />
        </button>
      }
    >
      <MenuLabel>Assign to</MenuLabel>
      {me && <MenuItem disabled={alert.assignee === me} onSelect={() => onAssign(me)}>Me ({me})</MenuItem>}
      {others.map((user) => (
        <MenuItem key={user} disabled={alert.assignee === user} onSelect={() => onAssign(user)}><Outside text={user} max={40} /></MenuItem>
      ))}
      {alert.assignee && (
        <>
          <MenuSeparator />
          <MenuItem onSelect={() => onAssign(null)}>Nobody</MenuItem>
        </>
      )}
    </MenuRoot>
  );
}
