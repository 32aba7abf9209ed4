// "Run self-test": the chain from packet to notification, link by link as each is known.

import { useMutation } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useState } from "react";
import { stream } from "@/api/client";
import type { SelfTestLine, SelfTestResult, SelfTestStep } from "@/api/types";
import { elapsed } from "@/lib/format";
import { Help } from "@/ui/degraded";
import { Icon } from "@/ui/icon";
import { Button, Failure, Panel } from "@/ui/parts";
import { Outside } from "@/ui/text";

export function SelfTest() {
  const [steps, setSteps] = useState<SelfTestStep[]>([]);
  const [result, setResult] = useState<SelfTestResult | null>(null);
  const run = useMutation({
    mutationFn: () => {
      setSteps([]);
      setResult(null);
      return stream<SelfTestLine>("/selftest", (line) => {
        if ("step" in line) setSteps((all) => [...all, line.step]);
        if ("result" in line) setResult(line.result);
      });
    },
  });
  return (
    <Panel
      title="Self-test"
      actions={
        <Button icon="play" onClick={() => run.mutate()} disabled={run.isPending}>
          {run.isPending ? "Running…" : "Run self-test"}
        </Button>
      }
    >
      {steps.length === 0 && !run.isPending && !run.error && (
        <p className="text-muted">
          Sends a harmless probe pattern to this host and follows it through every link, from the packet to the alert.
        </p>
      )}
      {run.error && <Failure error={run.error} />}
      <div aria-live="polite">
        {(steps.length > 0 || run.isPending) && (
          <ol className="space-y-1">
            {steps.map((step) => <Step key={step.name} step={step} />)}
            {run.isPending && <li className="flex items-center gap-2 text-muted"><span className="pulsing w-4 text-center">·</span> waiting for the next link…</li>}
          </ol>
        )}
        {result && <Result result={result} />}
        {run.isSuccess && !result && <p className="mt-2 text-bad">The self-test ended without a result: the connection to the server broke.</p>}
      </div>
    </Panel>
  );
}

function Step({ step }: { step: SelfTestStep }) {
  const look = { ok: ["check", "text-good", "passed"], broken: ["cross", "text-bad", "broken"], skipped: ["dash", "text-faint", "skipped"] } as const;
  const [icon, colour, word] = look[step.state] ?? look.skipped;
  return (
    <li>
      <div className="flex items-center gap-2">
        <Icon name={icon} size={16} className={colour} />
        <span className="sr-only">{word}: </span>
        <span className={`min-w-0 flex-1 truncate ${step.state === "broken" ? "font-medium" : ""}`} title={step.detail ?? undefined}>
          <Outside text={step.title} max={80} />
        </span>
        <span className="num text-xs text-muted">{step.state === "skipped" ? "not run" : elapsed(step.milliseconds)}</span>
      </div>
      {step.state === "broken" && (
        <div className="mt-1 mb-2 ml-6 space-y-1.5 border-l-2 border-bad pl-2.5">
          {step.detail && <p><Outside text={step.detail} max={400} /></p>}
          {step.cause && <p className="text-muted">Likely cause: <Outside text={step.cause} max={400} /></p>}
          {step.fix && <p className="space-x-1.5"><span className="text-muted">Fix:</span> <Help text={step.fix} /></p>}
        </div>
      )}
    </li>
  );
}

function Result({ result }: { result: SelfTestResult }) {
  return (
    <p className={`mt-2.5 border-t border-line pt-2.5 ${result.ok ? "text-good" : "text-bad"}`}>
      <Outside text={result.message} max={300} className="font-medium" />{" "}
      <span className="num text-muted">{elapsed(result.milliseconds)}</span>{" "}
      {result.alert_id !== null && (
        <Link to="/alerts/$id" params={{ id: String(result.alert_id) }} className="text-accent underline">
          Open its alert
        </Link>
      )}
    </p>
  );
}
