// What an analyst does with an alert: take it, assign it, close it with a reason, open it again.

import { useQuery } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { assignees, usePatchAlert } from "@/api/queries";
import type { Alert, Resolution } from "@/api/types";
import { RESOLUTIONS, resolutionName } from "@/lib/words";
import { Dialog } from "@/ui/dialog";
import { Icon } from "@/ui/icon";
import { MenuItem, MenuLabel, MenuRoot, MenuSeparator } from "@/ui/menu";
import { Button, Failure, buttonClass } from "@/ui/parts";
import { Outside } from "@/ui/text";

export function Actions({ alert, me }: { alert: Alert; me: string }) {
  const patch = usePatchAlert(alert.id);
  const [closing, setClosing] = useState(false);
  return (
    <div className="shrink-0 space-y-2">
      <div className="flex flex-wrap gap-2">
        <Assign alert={alert} me={me} onAssign={(assignee) => patch.mutate({ assignee })} />
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

export function CloseForm({ busy, error, submit, cancel, what = "alert" }: {
  what?: "alert" | "incident";
  busy: boolean;
  error: unknown;
  submit: (resolution: Resolution, comment: string) => void;
  cancel: () => void;
}) {
  const [resolution, setResolution] = useState<Resolution | null>(null);
  const [comment, setComment] = useState("");
  const lacks = resolution === "other" && !comment.trim();
  const onSubmit = (event: FormEvent) => {
    event.preventDefault();
    if (resolution && !lacks) submit(resolution, comment.trim());
  };
  return (
    <form onSubmit={onSubmit} className="space-y-3.5">
      <fieldset className="space-y-0.5">
        <legend className="mb-1 font-medium">Reason</legend>
        {RESOLUTIONS.map(({ value, meaning }) => (
          <label key={value} className="flex items-start gap-2 rounded-md px-2 py-1 hover:bg-raised">
            <input type="radio" name="resolution" className="mt-1 accent-accent-solid" checked={resolution === value} onChange={() => setResolution(value)} />
            <span>
              {resolutionName[value]}
              <span className="block text-xs text-muted">{meaning}</span>
            </span>
          </label>
        ))}
      </fieldset>
      <label className="block space-y-1">
        <span className="font-medium">Comment</span>{" "}
        <span className="text-xs text-muted">{resolution === "other" ? "needed" : "optional"}</span>
        <textarea className="field block w-full" rows={3} maxLength={10_000} value={comment} onChange={(e) => setComment(e.target.value)} />
      </label>
      {error != null && <Failure error={error} />}
      <div className="flex justify-end gap-2">
        <Button onClick={cancel}>Cancel</Button>
        <Button type="submit" kind="primary" disabled={busy || !resolution || lacks}>{busy ? "Closing…" : `Close ${what}`}</Button>
      </div>
    </form>
  );
}
