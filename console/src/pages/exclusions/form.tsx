// The form of an exclusion: conditions as they are typed, and below what they would hide.

import { useQuery } from "@tanstack/react-query";
import { type FormEvent, useEffect, useState } from "react";
import { type Conditions, exclusionPreview, type ExclusionPreview, useExclusionChange } from "@/api/exclusions";
import { count, plural } from "@/lib/format";
import { Button, Failure, SeverityMark } from "@/ui/parts";
import { Outside } from "@/ui/text";
import { FIELDS, fromText, type FieldName, isEmpty, toText } from "./conditions";

const DAYS = 30;

export function ExclusionForm({ start, alert, done }: { start: Conditions; alert?: number; done: () => void }) {
  const [texts, setTexts] = useState(() => toText(start));
  const [used, setUsed] = useState(() => new Set(FIELDS.map((field) => field.name).filter((name) => texts[name] !== "")));
  const [reason, setReason] = useState("");
  const [days, setDays] = useState(90);
  const [stored, setStored] = useState(alert !== undefined);
  const [wide, setWide] = useState(false);
  const change = useExclusionChange();
  const conditions = fromText(texts, used);
  const preview = useQuery({ ...exclusionPreview(useSettled(conditions), DAYS), enabled: !isEmpty(conditions) });
  const set = (name: FieldName, text: string) => {
    setTexts({ ...texts, [name]: text });
    setUsed(new Set(used).add(name));
  };
  const toggle = (name: FieldName) => {
    const next = new Set(used);
    if (!next.delete(name)) next.add(name);
    setUsed(next);
  };
  const submit = (event: FormEvent) => {
    event.preventDefault();
    const exclusion = {
      conditions, reason: reason.trim(), expires_in_days: days, wide,
      ...(alert === undefined ? {} : { alert_id: alert }),
      ...(stored ? { stored_days: DAYS } : {}),
    };
    change.mutate({ kind: "add", exclusion }, { onSuccess: done });
  };
  const barred = isEmpty(conditions) || !reason.trim() || preview.data?.everything || (preview.data?.wide && !wide);
  return (
    <form onSubmit={submit} className="space-y-3">
      <fieldset className="space-y-1.5">
        <legend className="mb-1 font-medium">Hide alerts for which all of these hold</legend>
        {FIELDS.map(({ name, label, hint }) => (
          <div key={name} className="grid grid-cols-[1.25rem_7.5rem_1fr] items-center gap-1.5">
            <input type="checkbox" aria-label={`Use ${label.toLowerCase()}`} className="accent-accent-solid" checked={used.has(name)} onChange={() => toggle(name)} />
            <span className={used.has(name) ? "" : "text-muted"}>{label}</span>
            <input
              className="field w-full font-mono text-xs"
              aria-label={label}
              placeholder={hint}
              value={texts[name]}
              maxLength={4000}
              spellCheck={false}
              onChange={(e) => set(name, e.target.value)}
            />
          </div>
        ))}
      </fieldset>
      {!isEmpty(conditions) && <Preview data={preview.data} error={preview.error} />}
      <label className="block space-y-1">
        <span className="font-medium">Reason</span>
        <input className="field block w-full" required maxLength={1000} value={reason} placeholder="Why nobody needs to see them" onChange={(e) => setReason(e.target.value)} />
      </label>
      <div className="flex flex-wrap items-center gap-x-4 gap-y-2">
        <label className="flex items-center gap-1.5">
          Ends after
          <input className="field w-20" type="number" min={1} max={3650} required value={days} onChange={(e) => setDays(Number(e.target.value))} />
          days
        </label>
        <label className="flex items-center gap-1.5">
          <input type="checkbox" className="accent-accent-solid" checked={stored} onChange={(e) => setStored(e.target.checked)} />
          Also hide open alerts of the last {DAYS} days
        </label>
        {preview.data?.wide && !preview.data.everything && (
          <label className="flex items-center gap-1.5">
            <input type="checkbox" className="accent-accent-solid" checked={wide} onChange={(e) => setWide(e.target.checked)} />
            It is meant to be this wide
          </label>
        )}
      </div>
      {change.error && <Failure error={change.error} />}
      <div className="flex justify-end gap-2">
        <Button onClick={done}>Cancel</Button>
        <Button type="submit" kind="primary" disabled={change.isPending || !!barred}>{change.isPending ? "Saving…" : "Exclude"}</Button>
      </div>
    </form>
  );
}

function Preview({ data, error }: { data: ExclusionPreview | undefined; error: unknown }) {
  if (error) return <Failure error={error} />;
  if (!data) return <p role="status" className="text-muted">Looking at stored alerts…</p>;
  return (
    <section aria-label="What it would hide" className="space-y-1.5 rounded-md border border-line bg-raised p-2.5">
      <p role="status">
        Would have hidden <strong className="num">{count(data.matched)}</strong> of {plural(data.looked_at, "alert")} of the last {data.days} days
        {data.matched > 0 && <>, {count(data.open)} of them open</>}.{data.cut && " Older ones were not looked at."}
      </p>
      {data.true_positives > 0 && <p className="text-bad">{plural(data.true_positives, "of them was closed as a true positive", "of them were closed as true positives")}.</p>}
      {data.everything && <p className="text-bad">It holds for every alert: it cannot be made.</p>}
      {data.wide && !data.everything && data.why_wide && <p className="text-bad">{data.why_wide}</p>}
      <ul className="space-y-0.5 text-xs">
        {data.examples.map((alert) => (
          <li key={alert.id} className="flex gap-2">
            <SeverityMark severity={alert.severity} words={false} />
            <span className="num text-muted">{alert.id}</span>
            <span className="min-w-0 truncate"><Outside text={alert.name} max={90} /></span>
          </li>
        ))}
      </ul>
    </section>
  );
}

/** The conditions once typing has paused. */
function useSettled(conditions: Conditions): Conditions {
  const text = JSON.stringify(conditions);
  const [settled, setSettled] = useState(text);
  useEffect(() => {
    const timer = setTimeout(() => setSettled(text), 300);
    return () => clearTimeout(timer);
  }, [text]);
  return JSON.parse(settled) as Conditions;
}
