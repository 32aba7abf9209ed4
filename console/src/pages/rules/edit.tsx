// One rule: its text, a test run over the past, its last runs.

import { useQuery } from "@tanstack/react-query";
import { getRouteApi, Link, useNavigate } from "@tanstack/react-router";
import { type ReactNode, useRef, useState } from "react";
import { ApiError } from "@/api/client";
import { rule as ruleQuery, ruleRuns, session, useRuleChange } from "@/api/queries";
import type { Mistake, Rule, RuleText } from "@/api/types";
import { count } from "@/lib/format";
import { SEVERITIES, severityName } from "@/lib/words";
import { Editor, type EditorHandle } from "@/xql/editor";
import { Icon } from "@/ui/icon";
import { Button, Dot, Failure, Loading, PageHead, Panel, Tag } from "@/ui/parts";
import { Ago, Outside, Stamp } from "@/ui/text";
import { cleaned, FRESH, keepsLookup, pairLines, pairs, words } from "./form";
import { TrialPanel } from "./trial";

const route = getRouteApi("/shell/rules/$id");

export function RulePage() {
  const { id } = route.useParams();
  const number = Number(id);
  const isNew = id === "new";
  const known = Number.isSafeInteger(number) && number > 0;
  const query = useQuery({ ...ruleQuery(number), enabled: known });
  if (!isNew && !known) return <Failure error={new Error(`“${id.slice(0, 40)}” is no rule number.`)} />;
  return (
    <>
      <Link to="/rules" className="mb-2 inline-flex items-center gap-1 text-muted hover:text-text">
        <Icon name="chevronLeft" size={14} /> Rules
      </Link>
      {!isNew && query.isPending && <Loading what="the rule" />}
      {query.error && !query.data && <Failure error={query.error} retry={() => void query.refetch()} />}
      {isNew && <Form key="new" record={null} />}
      {query.data && <Form key={`${query.data.id} ${query.data.updated_at}`} record={query.data} />}
    </>
  );
}

function Form({ record }: { record: Rule | null }) {
  const me = useQuery(session);
  const navigate = useNavigate();
  const change = useRuleChange();
  const editor = useRef<EditorHandle>(null);
  const [rule, setRule] = useState<RuleText>(record?.rule ?? FRESH);
  const [lists, setLists] = useState({ by: rule.suppress_by.join(", "), fields: pairLines(rule.alert_fields), keys: (rule.lookup_keys ?? []).join(", "), columns: pairLines(rule.lookup_fields ?? {}), tactics: rule.mitre.tactics.join(", "), techniques: rule.mitre.techniques.join(", ") });
  const [mistakes, setMistakes] = useState<readonly Mistake[]>([]);
  const mayWork = me.data?.role === "analyst" || me.data?.role === "administrator";
  const set = (part: Partial<RuleText>) => setRule((old) => ({ ...old, ...part }));
  const whole = () => cleaned({
    ...rule,
    query: editor.current?.text() ?? rule.query,
    suppress_by: words(lists.by),
    alert_fields: pairs(lists.fields),
    lookup_keys: words(lists.keys),
    lookup_fields: pairs(lists.columns),
    mitre: { tactics: words(lists.tactics), techniques: words(lists.techniques) },
  });
  const refused = (error: unknown) => {
    if (!(error instanceof ApiError)) return;
    setMistakes(error.mistakes);
    editor.current?.mark(error.diagnostics);
  };
  const save = () => {
    setMistakes([]);
    const done = {
      onError: refused,
      onSuccess: (saved: Rule | undefined) => {
        if (!record && saved) void navigate({ to: "/rules/$id", params: { id: String(saved.id) }, replace: true });
      },
    };
    change.mutate(record ? { kind: "edit", id: record.id, rule: whole() } : { kind: "add", rule: whole() }, done);
  };
  const wrong = (field: string) => mistakes.filter((one) => one.field === field).map((one) => one.message).join(" ");
  const text = (field: TextField, label: string, more: { hint?: string; area?: boolean } = {}) => (
    <Labelled label={label} hint={more.hint} wrong={wrong(field)}>
      {(aria) => more.area
        ? <textarea {...aria} className="field w-full" rows={3} readOnly={!mayWork} value={rule[field]} onChange={(e) => set({ [field]: e.target.value })} />
        : <input {...aria} className="field w-full" readOnly={!mayWork} value={rule[field]} onChange={(e) => set({ [field]: e.target.value })} />}
    </Labelled>
  );
  const list = (key: keyof typeof lists, label: string, hint: string, field: string, area = false) => (
    <Labelled label={label} hint={hint} wrong={wrong(field)}>
      {(aria) => area
        ? <textarea {...aria} className="field w-full font-mono text-xs" rows={3} readOnly={!mayWork} value={lists[key]} onChange={(e) => setLists({ ...lists, [key]: e.target.value })} />
        : <input {...aria} className="field w-full" readOnly={!mayWork} value={lists[key]} onChange={(e) => setLists({ ...lists, [key]: e.target.value })} />}
    </Labelled>
  );
  return (
    <>
      <PageHead title={record ? <Outside text={record.rule.name} max={200} /> : "New rule"}>
        {record && <Standing record={record} />}
        {mayWork && record?.modified && <Button onClick={() => change.mutate({ kind: "restore", id: record.id })}>Back to what came with Vedette</Button>}
        {mayWork && record && !record.shipped && (
          <Button kind="danger" onClick={() => change.mutate({ kind: "remove", id: record.id }, { onSuccess: () => void navigate({ to: "/rules" }) })}>Delete</Button>
        )}
        {mayWork && record && <Button onClick={() => change.mutate({ kind: "switch", id: record.id, enabled: !record.enabled })}>{record.enabled ? "Switch off" : "Switch on"}</Button>}
        {mayWork && <Button kind="primary" disabled={change.isPending} onClick={save}>{change.isPending ? "Saving…" : "Save"}</Button>}
      </PageHead>
      {change.error && <div className="mb-3"><Failure error={change.error} /></div>}
      {record?.failing_since && (
        <p role="alert" className="mb-3 text-bad">Fails since <Stamp time={record.failing_since} />: <Outside text={record.last_error ?? ""} max={600} /></p>
      )}
      <div className="grid gap-3.5 xl:grid-cols-[minmax(0,1fr)_26rem]">
        <div className="min-w-0 space-y-3.5">
          <Panel>
            <div className="grid gap-3 md:grid-cols-2">
              {text("name", "Name")}
              {text("category", "Category")}
              <div className="md:col-span-2">{text("description", "What it finds, and when it is wrong", { area: true })}</div>
            </div>
          </Panel>
          <Panel title="Query" flush>
            <div className="h-80 resize-y overflow-hidden">
              <Editor ref={editor} initial={rule.query} onRun={() => undefined} onChange={() => undefined} />
            </div>
            {wrong("query") && <p role="alert" className="border-t border-line px-3.5 py-2 text-bad">{wrong("query")}</p>}
          </Panel>
          <Panel title="When">
            <div className="grid gap-3 md:grid-cols-2">
              <Labelled label="Runs" wrong={wrong("mode")}>
                {(aria) => (
                  <select {...aria} className="field w-full" disabled={!mayWork} value={rule.mode} onChange={(e) => set({ mode: e.target.value === "real_time" ? "real_time" : "scheduled" })}>
                    <option value="scheduled">On a schedule</option>
                    <option value="real_time">As rows arrive</option>
                  </select>
                )}
              </Labelled>
              {rule.mode === "scheduled" && text("schedule", "Schedule", { hint: "10 minutes, or five cron fields: 0 8 * * MON" })}
              {rule.mode === "scheduled" && text("search_window", "Looks back", { hint: "2 hours; as long as the schedule's step when empty" })}
              {rule.mode === "scheduled" && text("timezone", "Time zone of the cron fields", { hint: "Europe/Rome; UTC when empty" })}
              {rule.mode === "scheduled" && (
                <Labelled label="What happens with the rows" wrong={wrong("action")}>
                  {(aria) => (
                    <select {...aria} className="field w-full" disabled={!mayWork} value={rule.action} onChange={(e) => set({ action: ACTIONS.find((one) => one.value === e.target.value)?.value ?? "alert" })}>
                      {ACTIONS.map((one) => <option key={one.value} value={one.value}>{one.label}</option>)}
                    </select>
                  )}
                </Labelled>
              )}
              {rule.mode === "scheduled" && rule.action !== "alert" && text("dataset", keepsLookup(rule.action) ? "Name of the lookup" : "Name of the dataset")}
              {rule.mode === "scheduled" && keepsLookup(rule.action) && list("keys", "A row is known by", rule.action === "lookup" ? "Columns of the lookup: ip. Without any, the rows replace it" : "Columns of the lookup: ip", "lookup_keys")}
              {rule.mode === "scheduled" && keepsLookup(rule.action) && list("columns", "Columns of the lookup", "One a line: ip = source_ip. As the fields are called when empty", "lookup_fields", true)}
              {rule.action === "alert" && text("suppress_for", "Quiet for", { hint: "6 hours: rows that are the same raise no alert again for so long" })}
              {rule.action === "alert" && list("by", "The same are rows that agree in", "Fields of the query: source_ip, target_ip", "suppress_by")}
            </div>
          </Panel>
          <Panel title="The alert">
            <div className="grid gap-3 md:grid-cols-2">
              <Severity rule={rule} set={set} mayWork={mayWork} wrong={wrong("severity")} />
              {text("alert_name", "Name of the alert", { hint: "$field puts in the row's value" })}
              <div className="md:col-span-2">{text("alert_description", "Description of the alert", { area: true, hint: "$field puts in the row's value" })}</div>
              {list("fields", "Fields of the alert", "One a line: source_ips = client", "alert_fields", true)}
              {text("drilldown", "Query that leads on", { area: true, hint: "XQL, with $field" })}
              {list("tactics", "ATT&CK tactics", "TA0007", "mitre")}
              {list("techniques", "ATT&CK techniques", "T1046", "mitre")}
            </div>
          </Panel>
        </div>
        <div className="min-w-0 space-y-3.5">
          {mayWork && <TrialPanel rule={whole} refused={refused} />}
          {record && <Runs id={record.id} />}
        </div>
      </div>
    </>
  );
}

const ACTIONS = [
  { value: "alert", label: "Each raises an alert" },
  { value: "dataset", label: "They are added to a dataset" },
  { value: "lookup", label: "They go into a lookup" },
  { value: "lookup_remove", label: "They are taken out of a lookup" },
] as const;

type TextField = "name" | "dataset" | "category" | "description" | "schedule" | "search_window" | "timezone" | "suppress_for" | "alert_name" | "alert_description" | "drilldown";

interface Aria {
  "aria-label": string;
  "aria-invalid"?: true;
}

/** A label, its field, a hint, and what is wrong with it. */
function Labelled({ label, hint, wrong, children }: { label: string; hint?: string | undefined; wrong: string; children: (aria: Aria) => ReactNode }) {
  return (
    <div>
      <span className="mb-0.5 block text-xs text-muted" aria-hidden="true">{label}</span>
      {children({ "aria-label": label, ...(wrong ? { "aria-invalid": true } : {}) })}
      {wrong ? <p role="alert" className="mt-0.5 text-xs text-bad">{wrong}</p> : hint && <p className="mt-0.5 text-xs text-muted">{hint}</p>}
    </div>
  );
}

function Severity({ rule, set, mayWork, wrong }: { rule: RuleText; set: (part: Partial<RuleText>) => void; mayWork: boolean; wrong: string }) {
  const byField = rule.severity.startsWith("$");
  return (
    <Labelled label="Severity" hint={byField ? "The word in this field of each row: $risk" : undefined} wrong={wrong}>
      {(aria) => (
        <span className="flex gap-2">
          <select {...aria} className="field" disabled={!mayWork} value={byField ? "$" : rule.severity} onChange={(e) => set({ severity: e.target.value === "$" ? "$severity" : e.target.value })}>
            {SEVERITIES.map((one) => <option key={one} value={one}>{severityName[one]}</option>)}
            <option value="$">From a field</option>
          </select>
          {byField && <input aria-label="Field of the severity" className="field min-w-0 flex-1" readOnly={!mayWork} value={rule.severity} onChange={(e) => set({ severity: e.target.value.startsWith("$") ? e.target.value : `$${e.target.value}` })} />}
        </span>
      )}
    </Labelled>
  );
}

function Standing({ record }: { record: Rule }) {
  return (
    <span className="flex items-center gap-2 text-muted">
      {record.modified && <Tag>changed</Tag>}
      <Dot tone={record.enabled ? (record.failing_since ? "bad" : "good") : "faint"} />
      {record.enabled ? (record.failing_since ? "fails" : "on") : "off"}
    </span>
  );
}

function Runs({ id }: { id: number }) {
  const runs = useQuery(ruleRuns(id));
  return (
    <Panel title="Last runs" flush>
      {runs.isPending && <Loading what="the runs" />}
      {runs.error && <Failure error={runs.error} />}
      {runs.data?.length === 0 && <p className="px-3.5 py-3 text-muted">It has not run yet, or found nothing as rows arrived.</p>}
      <ul className="divide-y divide-line">
        {runs.data?.map((run) => (
          <li key={`${run.window_end} ${run.finished_at}`} className="px-3.5 py-1.5">
            <span className="flex items-center gap-2">
              <Dot tone={run.status === "ok" ? "good" : run.status === "skipped" ? "medium" : "bad"} />
              <Ago time={run.finished_at} />
              <span className="num ml-auto text-muted">{count(run.rows_found)} rows, {count(run.alerts)} alerts, {count(run.duration_ms)} ms</span>
            </span>
            {(run.error ?? run.note) && <p className={`text-xs ${run.error ? "text-bad" : "text-muted"}`}><Outside text={run.error ?? run.note ?? ""} max={400} /></p>}
          </li>
        ))}
      </ul>
    </Panel>
  );
}
