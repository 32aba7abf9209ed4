// Cutting a source off: what would happen, exactly, before anything does.

import { useQuery } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { type BlockPreview, blockPreview, useResponseChange } from "@/api/response";
import type { Alert } from "@/api/types";
import { plural } from "@/lib/format";
import { Dialog } from "@/ui/dialog";
import { Button, Failure, SeverityMark } from "@/ui/parts";
import { Mono, Outside, Stamp } from "@/ui/text";

export const SPANS = [
  { seconds: 900, label: "15 minutes" },
  { seconds: 3600, label: "1 hour" },
  { seconds: 86_400, label: "1 day" },
  { seconds: 604_800, label: "7 days" },
] as const;

export function BlockButton({ alert, administrator }: { alert: Alert; administrator: boolean }) {
  const [open, setOpen] = useState(false);
  return (
    <>
      <Button onClick={() => setOpen(true)}>Block source…</Button>
      <Dialog title="Block a source" open={open} onClose={() => setOpen(false)}>
        <BlockForm alert={alert} administrator={administrator} done={() => setOpen(false)} />
      </Dialog>
    </>
  );
}

function BlockForm({ alert, administrator, done }: { alert: Alert; administrator: boolean; done: () => void }) {
  const [address, setAddress] = useState(alert.source_ips[0] ?? "");
  const [seconds, setSeconds] = useState<number>(3600);
  const [reason, setReason] = useState("");
  const [override, setOverride] = useState(false);
  const wanted = { address, seconds, alert_id: alert.id, ...(override ? { override } : {}) };
  const preview = useQuery(blockPreview(wanted));
  const change = useResponseChange();
  const unproven = override || preview.data?.refusals.some(({ code }) => code === "not_confirmed" || code === "no_evidence");
  const submit = (event: FormEvent) => {
    event.preventDefault();
    change.mutate({ kind: "block", wanted: { ...wanted, reason: reason.trim() } }, { onSuccess: done });
  };
  return (
    <form onSubmit={submit} className="space-y-3">
      <div className="flex flex-wrap gap-3">
        <label className="block space-y-1">
          <span className="font-medium">Source</span>
          <select className="field block font-mono text-xs" value={address} onChange={(e) => setAddress(e.target.value)}>
            {alert.source_ips.map((ip) => <option key={ip} value={ip}>{ip}</option>)}
          </select>
        </label>
        <label className="block space-y-1">
          <span className="font-medium">For</span>
          <select className="field block" value={seconds} onChange={(e) => setSeconds(Number(e.target.value))}>
            {SPANS.map((span) => <option key={span.seconds} value={span.seconds}>{span.label}</option>)}
          </select>
        </label>
      </div>
      {preview.error && <Failure error={preview.error} />}
      {preview.data ? <Plan plan={preview.data} /> : !preview.error && <p role="status" className="text-muted">Looking at what would happen…</p>}
      {administrator && unproven && (
        <label className="flex items-start gap-1.5">
          <input type="checkbox" className="mt-1 accent-accent-solid" checked={override} onChange={(e) => setOverride(e.target.checked)} />
          Do without confirmed evidence: the address may be forged, and its owner a victim
        </label>
      )}
      <label className="block space-y-1">
        <span className="font-medium">Reason</span>
        <input className="field block w-full" required maxLength={1000} value={reason} onChange={(e) => setReason(e.target.value)} />
      </label>
      {change.error && <Failure error={change.error} />}
      <div className="flex justify-end gap-2">
        <Button onClick={done}>Cancel</Button>
        <Button type="submit" kind="primary" disabled={change.isPending || !preview.data?.would_block || !reason.trim()}>
          {change.isPending ? "Blocking…" : `Block ${address}`}
        </Button>
      </div>
    </form>
  );
}

/** The dry run. */
function Plan({ plan }: { plan: BlockPreview }) {
  return (
    <section aria-label="What would happen" className="space-y-1.5 rounded-md border border-line bg-raised p-2.5">
      {plan.would_block
        ? <p role="status"><Mono text={plan.address} /> is cut off from this host until <Stamp time={plan.expires_at} />.</p>
        : <p role="status" className="font-medium text-bad">It would not be blocked:</p>}
      {plan.refusals.length > 0 && (
        <ul className="list-disc space-y-1 pl-5">
          {plan.refusals.map(({ code, message, help }) => (
            <li key={code}><Outside text={message} max={300} />{help && <span className="block text-xs text-muted"><Outside text={help} max={300} /></span>}</li>
          ))}
        </ul>
      )}
      {plan.warnings.map((warning) => <p key={warning} className="text-bad"><Outside text={warning} max={400} /></p>)}
      {plan.blocked_until && <p>It is blocked already, until <Stamp time={plan.blocked_until} />.</p>}
      {plan.evidence && (
        <p className="flex flex-wrap items-center gap-1.5 text-xs">
          Evidence: alert {plan.evidence.alert_id}, {plan.evidence.attribution ?? "no attribution"} <SeverityMark severity={plan.evidence.severity} />
        </p>
      )}
      {plan.open_connections > 0 && <p>{plural(plan.open_connections, "open connection")} with it would hang.</p>}
      {plan.hook && <p>The hook command is told.</p>}
      <pre tabIndex={0} aria-label="What the firewall is told" className="max-h-28 overflow-auto rounded border border-line bg-code p-2 text-xs whitespace-pre-wrap">{plan.commands}</pre>
    </section>
  );
}
