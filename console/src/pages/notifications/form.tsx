// A channel, new or known: what it is, where it goes, which alerts it tells.

import { type FormEvent, type ReactNode, useEffect, useState } from "react";
import type { Channel, ChannelEdit, ChannelShape, NewChannel, Severity } from "@/api/types";
import { SEVERITIES, severityName } from "@/lib/words";
import { Dialog } from "@/ui/dialog";
import { Button, Failure } from "@/ui/parts";
import { type Draft, draftOf, editOf, emptyDraft, EXAMPLE, hasTexts, hasTrust, type Kind, requestOf, SHAPES } from "./new";

const KINDS: Record<Kind, string> = { webhook: "Webhook", slack: "Slack", teams: "Teams", mail: "Mail", syslog: "Syslog" };

interface Form {
  open: boolean;
  busy: boolean;
  error: unknown;
  close: () => void;
}

export function NewChannelForm({ submit, ...form }: Form & { submit: (channel: NewChannel) => void }) {
  return <ChannelForm {...form} known={null} submit={(draft) => submit(requestOf(draft))} />;
}

export function ChangeChannelForm({ known, submit, ...form }: Form & { known: Channel; submit: (edit: ChannelEdit) => void }) {
  return <ChannelForm {...form} known={known} submit={(draft) => submit(editOf(known, draft))} />;
}

function ChannelForm({ known, open, busy, error, close, submit }: Form & { known: Channel | null; submit: (draft: Draft) => void }) {
  const [draft, setDraft] = useState<Draft>(emptyDraft);
  useEffect(() => {
    if (open) setDraft(known ? draftOf(known) : emptyDraft());
    // Only when it opens: what is typed is not thrown away when the list comes anew.
  }, [open]);
  const set = (part: Partial<Draft>) => setDraft((old) => ({ ...old, ...part }));
  const send = (event: FormEvent) => {
    event.preventDefault();
    submit(draft);
  };
  const { kind } = draft;
  return (
    <Dialog title={known ? "Change channel" : "Add channel"} open={open} onClose={close}>
      <form onSubmit={send} className="space-y-3">
        <div className="grid grid-cols-2 gap-3">
          <Field label="Kind">
            <select className="field mt-1 block w-full" value={kind} onChange={(e) => set({ kind: e.target.value as Kind })}>
              {Object.entries(KINDS).map(([value, label]) => <option key={value} value={value}>{label}</option>)}
            </select>
          </Field>
          <Field label="Name"><input className="field mt-1 block w-full" required maxLength={100} autoComplete="off" value={draft.name} onChange={(e) => set({ name: e.target.value })} /></Field>
        </div>
        <Field label={known ? "Address, if it is another" : "Address"}><input className="field mt-1 block w-full font-mono" required={!known} maxLength={2000} autoComplete="off" spellCheck={false} placeholder={known?.address ?? EXAMPLE[kind]} value={draft.url} onChange={(e) => set({ url: e.target.value })} /></Field>
        {SHAPES[kind].length > 1 && (
          <Field label="Shape">
            <select className="field mt-1 block w-full" value={SHAPES[kind].includes(draft.shape) ? draft.shape : SHAPES[kind][0]} onChange={(e) => set({ shape: e.target.value as ChannelShape })}>
              {SHAPES[kind].map((shape) => <option key={shape} value={shape}>{shape}</option>)}
            </select>
          </Field>
        )}
        {kind === "mail" && <MailFields draft={draft} set={set} hint={known?.has_login ? "as it is" : undefined} />}
        {known?.has_login && draft.url && <p className="text-xs text-muted">A login stays with its server: on another one it is given anew.</p>}
        <Field label="Least severity">
          <select className="field mt-1 block w-full" value={draft.minSeverity} onChange={(e) => set({ minSeverity: e.target.value as Severity | "" })}>
            <option value="">All alerts</option>
            {SEVERITIES.filter((one) => one !== "informational").map((one) => <option key={one} value={one}>{severityName[one]} and above</option>)}
          </select>
        </Field>
        <details>
          <summary className="cursor-pointer text-muted">More</summary>
          <div className="mt-2 space-y-3">
            <div className="grid grid-cols-3 gap-3">
              <Field label="Quiet from"><input className="field mt-1 block w-full" type="time" value={draft.quietFrom} onChange={(e) => set({ quietFrom: e.target.value })} /></Field>
              <Field label="Quiet to"><input className="field mt-1 block w-full" type="time" value={draft.quietTo} onChange={(e) => set({ quietTo: e.target.value })} /></Field>
              <Field label="Time zone"><input className="field mt-1 block w-full" value={draft.timezone} onChange={(e) => set({ timezone: e.target.value })} /></Field>
            </div>
            <p className="text-xs text-muted">In quiet hours only critical alerts are told at once; the others wait for their end.</p>
            {hasTexts(kind) && (
              <>
                <Field label="Title, with fields like $severity and $name"><input className="field mt-1 block w-full" maxLength={4000} value={draft.title} onChange={(e) => set({ title: e.target.value })} /></Field>
                <Field label="Text"><textarea className="field mt-1 block w-full" rows={3} maxLength={4000} value={draft.body} onChange={(e) => set({ body: e.target.value })} /></Field>
              </>
            )}
            {hasTrust(kind) && <Field label="Certificate authority of the receiver (PEM), if it is your own"><textarea className="field mt-1 block w-full font-mono text-xs" rows={3} spellCheck={false} placeholder={known?.has_trust ? "as it is" : undefined} value={draft.trust} onChange={(e) => set({ trust: e.target.value })} /></Field>}
            <label className="flex items-start gap-2"><input type="checkbox" className="mt-1 accent-accent-solid" checked={draft.allowPrivate} onChange={(e) => set({ allowPrivate: e.target.checked })} /> It may reach this host and private networks</label>
          </div>
        </details>
        {error != null && <Failure error={error} />}
        <div className="flex justify-end gap-2">
          <Button onClick={close}>Cancel</Button>
          <Button type="submit" kind="primary" disabled={busy}>{busy ? "Saving…" : known ? "Save channel" : "Add channel"}</Button>
        </div>
      </form>
    </Dialog>
  );
}

function MailFields({ draft, set, hint }: { draft: Draft; set: (part: Partial<Draft>) => void; hint: string | undefined }) {
  return (
    <>
      <Field label="From"><input className="field mt-1 block w-full" required autoComplete="off" placeholder="vedette@example.com" value={draft.from} onChange={(e) => set({ from: e.target.value })} /></Field>
      <Field label="To, several with commas"><input className="field mt-1 block w-full" required autoComplete="off" value={draft.to} onChange={(e) => set({ to: e.target.value })} /></Field>
      <div className="grid grid-cols-2 gap-3">
        <Field label="User of the mail server"><input className="field mt-1 block w-full" autoComplete="off" placeholder={hint} value={draft.username} onChange={(e) => set({ username: e.target.value })} /></Field>
        <Field label="Its password"><input className="field mt-1 block w-full" type="password" autoComplete="new-password" placeholder={hint} value={draft.password} onChange={(e) => set({ password: e.target.value })} /></Field>
      </div>
    </>
  );
}

function Field({ label, children }: { label: string; children: ReactNode }) {
  return <label className="block text-xs text-muted">{label}{children}</label>;
}
