// A rule over the past, before it is saved: progress, alerts of each day, examples, cost.

import { useEffect, useRef, useState } from "react";
import { ApiError, stream } from "@/api/client";
import type { RuleText, RuleTrial, RuleTrialLine } from "@/api/types";
import { count, plural } from "@/lib/format";
import { Button, Failure, Panel, SeverityMark } from "@/ui/parts";
import { Outside } from "@/ui/text";

type State =
  | { kind: "idle" }
  | { kind: "running"; done: number; total: number }
  | { kind: "done"; trial: RuleTrial }
  | { kind: "failed"; error: unknown };

const DAYS = [1, 7, 14, 31] as const;

export function TrialPanel({ rule, refused }: { rule: () => RuleText; refused: (error: ApiError) => void }) {
  const [days, setDays] = useState(7);
  const [state, setState] = useState<State>({ kind: "idle" });
  const stop = useRef<AbortController | null>(null);
  useEffect(() => () => stop.current?.abort(), []);

  const start = async () => {
    stop.current?.abort();
    const own = new AbortController();
    stop.current = own;
    setState({ kind: "running", done: 0, total: 1 });
    try {
      await stream<RuleTrialLine>("/rules/test", (line) => {
        if ("progress" in line) setState({ kind: "running", ...line.progress });
        else if ("result" in line) setState({ kind: "done", trial: line.result });
        else setState({ kind: "failed", error: new ApiError(400, line.error) });
      }, own.signal, { rule: rule(), days });
    } catch (error) {
      if (own.signal.aborted) return setState({ kind: "idle" });
      if (error instanceof ApiError && error.code === "rule_invalid") refused(error);
      setState({ kind: "failed", error });
    }
  };

  return (
    <Panel title="Try it on the past">
      <div className="flex flex-wrap items-center gap-2">
        <select aria-label="How far back" className="field" value={days} onChange={(e) => setDays(Number(e.target.value))}>
          {DAYS.map((n) => <option key={n} value={n}>{n === 1 ? "The last day" : `The last ${n} days`}</option>)}
        </select>
        {state.kind === "running"
          ? <Button icon="stop" onClick={() => stop.current?.abort()}>Stop</Button>
          : <Button icon="play" onClick={() => void start()}>Test run</Button>}
        <span className="text-xs text-muted">Runs as the schedule would have; raises nothing.</span>
      </div>
      <div aria-live="polite" className="mt-3">
        {state.kind === "running" && (
          <label className="block text-muted">
            {count(state.done)} of {plural(state.total, "run")}
            <progress className="mt-1 block w-full" value={state.done} max={state.total} />
          </label>
        )}
        {state.kind === "failed" && <Failure error={state.error} />}
        {state.kind === "done" && <Result trial={state.trial} />}
      </div>
    </Panel>
  );
}

function Result({ trial }: { trial: RuleTrial }) {
  const most = Math.max(1, ...trial.days.map((day) => day.alerts));
  return (
    <div className="space-y-3">
      <p>
        <strong className="font-semibold">{plural(trial.alerts, "alert")}</strong> in {plural(trial.runs, "run")}
        {trial.suppressed > 0 && `, ${plural(trial.suppressed, "row")} kept back as the same`}
        {trial.aggregated > 0 && `, ${plural(trial.aggregated, "row")} told of together`}.
      </p>
      <table className="w-full">
        <caption className="sr-only">Alerts of each day</caption>
        <tbody>
          {trial.days.map((day) => (
            <tr key={day.day}>
              <th scope="row" className="num w-24 pr-2 text-left text-xs font-normal text-muted">{day.day}</th>
              <td>
                <svg width="100%" height="8" aria-hidden="true" className="block">
                  <rect width={`${(day.alerts / most) * 100}%`} height="8" rx="2" className="fill-accent" />
                </svg>
              </td>
              <td className="num w-14 pl-2 text-right text-xs">{count(day.alerts)}</td>
            </tr>
          ))}
        </tbody>
      </table>
      {trial.examples.length > 0 && (
        <ul className="space-y-1">
          {trial.examples.map((one) => (
            <li key={one.key} className="flex items-baseline gap-2">
              <SeverityMark severity={one.severity} words={false} />
              <span className="min-w-0"><Outside text={one.name} max={200} /></span>
            </li>
          ))}
        </ul>
      )}
      <p className="text-xs text-muted">Cost: {count(trial.rows_scanned)} rows read in {count(trial.elapsed_ms)} ms of query time.</p>
    </div>
  );
}
