// The work on an alert: comments and changes in one timeline, newest first.

import { type FormEvent, useState } from "react";
import { useComment } from "@/api/queries";
import type { Alert, Change, Comment } from "@/api/types";
import { resolutionName, severityName, statusName } from "@/lib/words";
import { Button, Failure, Panel } from "@/ui/parts";
import { Ago, Outside } from "@/ui/text";

type Entry = { time: string; key: string; comment?: Comment; change?: Change };

export function WorkPanel({ alert, mayWork }: { alert: Alert; mayWork: boolean }) {
  return (
    <Panel title="Work">
      <dl className="mb-3 grid grid-cols-[auto_1fr] gap-x-4 gap-y-1">
        <dt className="text-muted">Status</dt>
        <dd className="text-right">
          {statusName[alert.status]}
          {alert.resolution && `: ${resolutionName[alert.resolution] ?? alert.resolution}`}
        </dd>
        <dt className="text-muted">Assignee</dt>
        <dd className="text-right">{alert.assignee ? <Outside text={alert.assignee} max={40} /> : "nobody"}</dd>
      </dl>
      {mayWork && <CommentForm id={alert.id} />}
      <Timeline entries={timeline(alert)} />
    </Panel>
  );
}

/** Comments and changes together; the change that only says "commented" is left out. */
export function timeline(alert: Pick<Alert, "comments" | "history">): Entry[] {
  const entries: Entry[] = [
    ...alert.comments.map((comment) => ({ time: comment.created_at, key: `c${comment.id}`, comment })),
    ...alert.history.filter((change) => change.field !== "comment").map((change, i) => ({ time: change.time, key: `h${i}`, change })),
  ];
  return entries.sort((a, b) => Date.parse(b.time) - Date.parse(a.time));
}

function CommentForm({ id }: { id: number }) {
  const [text, setText] = useState("");
  const comment = useComment(id);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (text.trim()) comment.mutate(text.trim(), { onSuccess: () => setText("") });
  };
  return (
    <form onSubmit={submit} className="mb-3 space-y-2 border-b border-line pb-3">
      <textarea
        aria-label="Comment"
        placeholder="Add a comment"
        className="field block w-full"
        rows={2}
        maxLength={10_000}
        value={text}
        onChange={(e) => setText(e.target.value)}
        onKeyDown={(e) => {
          if (e.key === "Enter" && (e.ctrlKey || e.metaKey)) submit(e);
        }}
      />
      {comment.error && <Failure error={comment.error} />}
      {text.trim() && <Button type="submit" disabled={comment.isPending}>{comment.isPending ? "Saving…" : "Comment"}</Button>}
    </form>
  );
}

function Timeline({ entries }: { entries: Entry[] }) {
  return (
    <ol className="space-y-2.5">
      {entries.map(({ key, time, comment, change }) => (
        <li key={key} className="min-w-0">
          {comment && (
            <div className="rounded-md border border-line bg-raised px-2.5 py-1.5">
              <p className="mb-0.5 flex justify-between gap-2 text-xs text-muted">
                <Outside text={comment.author} max={40} className="font-medium text-text" /> <Ago time={time} />
              </p>
              <p className="whitespace-pre-wrap"><Outside text={comment.text} max={10_000} /></p>
            </div>
          )}
          {change && (
            <p className="flex justify-between gap-2 text-xs text-muted">
              <span className="min-w-0"><Outside text={changeWords(change)} max={300} /></span> <Ago time={time} />
            </p>
          )}
        </li>
      ))}
    </ol>
  );
}

/** A change as a sentence. */
export function changeWords(change: Change): string {
  const who = change.actor === "vedette" ? "Vedette" : change.actor;
  const name = (names: Record<string, string>, value: string | null) => (value === null ? "none" : (names[value] ?? value));
  const note = change.note ? ` (${change.note})` : "";
  switch (change.field) {
    case "created":
      return `${who} raised the alert${note}`;
    case "status":
      return `${who} set the status to ${name(statusName, change.new)}${note}`;
    case "resolution":
      return `${who} ${change.new === null ? "cleared the reason" : `gave the reason ${name(resolutionName, change.new)}`}${note}`;
    case "assignee":
      return `${who} ${change.new === null ? "removed the assignee" : `assigned it to ${change.new}`}${note}`;
    case "severity":
      return `${who} set the severity to ${name(severityName, change.new)}${note}`;
    case "excluded":
      return (change.new === null ? `${who} took it out of hiding` : `Hidden by exclusion ${change.new}`) + note;
    case "active":
      return (change.new === "true" ? "The scan went on" : "The scan ended") + note;
    default:
      return `${who} changed ${change.field} from ${change.old ?? "none"} to ${change.new ?? "none"}${note}`;
  }
}
