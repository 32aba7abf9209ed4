// Why alerts are closed: a reason, and a comment.

import { type FormEvent, useState } from "react";
import type { Resolution } from "@/api/types";
import { RESOLUTIONS, resolutionName } from "@/lib/words";
import { Button, Failure } from "@/ui/parts";

export function CloseForm({ busy, error, submit, cancel, what = "alert", label = `Close ${what}` }: {
  what?: "alert" | "incident";
  label?: string;
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
        <Button type="submit" kind="primary" disabled={busy || !resolution || lacks}>{busy ? "Closing…" : label}</Button>
      </div>
    </form>
  );
}
