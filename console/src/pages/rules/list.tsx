// Correlation rules: which there are, which run, and how their last run went.

import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { rules, session, useRuleChange } from "@/api/queries";
import type { Rule } from "@/api/types";
import { count, plural } from "@/lib/format";
import { severityName } from "@/lib/words";
import { Icon } from "@/ui/icon";
import { buttonClass, Dot, Empty, Failure, Loading, PageHead, Panel, SeverityMark, Tag, WideTable } from "@/ui/parts";
import { Ago, Outside } from "@/ui/text";

export function RulesPage() {
  const all = useQuery(rules);
  const me = useQuery(session);
  const change = useRuleChange();
  const mayWork = me.data?.role === "analyst" || me.data?.role === "administrator";
  const failing = all.data?.filter((rule) => rule.enabled && rule.failing_since) ?? [];
  return (
    <>
      <PageHead title="Rules">
        {mayWork && <Link to="/rules/$id" params={{ id: "new" }} className={buttonClass("primary")}>New rule</Link>}
      </PageHead>
      {failing.length > 0 && (
        <p role="status" className="mb-3 text-bad">{plural(failing.length, "rule")} {failing.length === 1 ? "fails" : "fail"} and {failing.length === 1 ? "raises" : "raise"} no alerts as {failing.length === 1 ? "it is" : "they are"}.</p>
      )}
      {change.error && <div className="mb-3"><Failure error={change.error} /></div>}
      {all.isPending && <Loading what="the rules" />}
      {all.error && !all.data && <Failure error={all.error} retry={() => void all.refetch()} />}
      {all.data?.length === 0 && <Panel flush><Empty icon="rules" title="There are no rules." /></Panel>}
      {all.data && all.data.length > 0 && (
        <Panel flush>
          <WideTable
            width="min-w-[52rem]"
            head={
              <>
                <th scope="col" className="w-18 py-2 pl-3.5">On</th>
                <th scope="col" className="px-2">Rule</th>
                <th scope="col" className="w-30 px-2">Severity</th>
                <th scope="col" className="w-36 px-2">Runs</th>
                <th scope="col" className="w-52 px-2">Last run</th>
                <th scope="col" className="w-28 pr-3.5 pl-2">Next</th>
              </>
            }
          >
            {all.data.map((rule) => (
              <Row key={rule.id} rule={rule} mayWork={mayWork} busy={change.isPending} turn={(enabled) => change.mutate({ kind: "switch", id: rule.id, enabled })} />
            ))}
          </WideTable>
        </Panel>
      )}
    </>
  );
}

function Row({ rule, mayWork, busy, turn }: { rule: Rule; mayWork: boolean; busy: boolean; turn: (on: boolean) => void }) {
  const { name, description } = rule.rule;
  return (
    <tr className="align-top hover:bg-raised">
      <td className="py-2.5 pl-3.5">
        <input type="checkbox" role="switch" aria-label={`${name.slice(0, 80)} is on`} checked={rule.enabled} disabled={!mayWork || busy} onChange={(e) => turn(e.target.checked)} />
      </td>
      <td className="max-w-0 px-2 py-2">
        <Link to="/rules/$id" params={{ id: String(rule.id) }} data-rule className="block truncate rounded font-medium hover:underline">
          <Outside text={name} max={200} />
        </Link>
        <span className="mt-0.5 flex items-center gap-1.5 text-xs text-muted">
          {rule.modified && <Tag title="It came with Vedette and was changed">changed</Tag>}
          {!rule.shipped && <Tag title={`Made by ${rule.created_by}`}>own</Tag>}
          <span className="truncate"><Outside text={description.trim().split("\n")[0] ?? ""} max={200} /></span>
        </span>
      </td>
      <td className="px-2 py-2"><RuleSeverity severity={rule.rule.severity} /></td>
      <td className="px-2 py-2 text-muted">{rule.rule.mode === "real_time" ? "as rows arrive" : <Outside text={rule.rule.schedule} max={40} />}</td>
      <td className="px-2 py-2"><LastRun rule={rule} /></td>
      <td className="py-2 pr-3.5 pl-2 text-muted">{rule.next_run ? <Ago time={rule.next_run} /> : "–"}</td>
    </tr>
  );
}

export function RuleSeverity({ severity }: { severity: string }) {
  const known = Object.keys(severityName).find((name) => name === severity.toLowerCase());
  if (!known) return <span className="text-muted" title={`From the field ${severity}`}>by row</span>;
  return <SeverityMark severity={known as keyof typeof severityName} />;
}

function LastRun({ rule }: { rule: Rule }) {
  const run = rule.last_run;
  if (rule.failing_since) {
    return (
      <span className="text-bad" title={rule.last_error ?? undefined}>
        <Icon name="warning" size={13} className="mr-1 inline" />
        fails since <Ago time={rule.failing_since} />
      </span>
    );
  }
  if (!run) return <span className="text-muted">not yet</span>;
  return (
    <span className="text-muted" title={run.note ?? undefined}>
      <Dot tone={run.status === "ok" ? "good" : run.status === "skipped" ? "medium" : "bad"} /> <Ago time={run.finished_at} />, {count(run.alerts)} {run.alerts === 1 ? "alert" : "alerts"}
    </span>
  );
}
