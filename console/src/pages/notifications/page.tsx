// Where alerts are told, and what did not arrive. For administrators.

import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useState } from "react";
import { channels, deliveries, useChannelChange, useChannelTest } from "@/api/outward";
import { session } from "@/api/queries";
import type { Channel, Delivery, MadeChannel } from "@/api/types";
import { plural } from "@/lib/format";
import { severityName } from "@/lib/words";
import { Button, Dot, Empty, Failure, Loading, PageHead, Panel, Tag, WideTable } from "@/ui/parts";
import { Ago, Command, Mono, Outside } from "@/ui/text";
import { ChangeChannelForm, NewChannelForm } from "./form";

type Change = ReturnType<typeof useChannelChange>;

export function NotificationsPage() {
  const me = useQuery(session);
  if (me.data && me.data.role !== "administrator") {
    return <Panel flush><Empty icon="bell" title="Notifications are for administrators.">Ask one of them for another role.</Empty></Panel>;
  }
  return (
    <>
      <PageHead title="Notifications" />
      <div className="space-y-3.5">
        <Channels />
        <Deliveries />
      </div>
    </>
  );
}

function Channels() {
  const all = useQuery(channels);
  const change = useChannelChange();
  const [adding, setAdding] = useState(false);
  const [made, setMade] = useState<MadeChannel | null>(null);
  const list = all.data?.channels ?? [];
  return (
    <Panel title="Channels" flush actions={<Button kind="primary" onClick={() => setAdding(true)}>Add channel</Button>}>
      {change.error && !adding && <div className="p-3.5"><Failure error={change.error} /></div>}
      {made && (
        <div role="status" className="m-3.5 space-y-1.5 rounded-md border border-line-strong p-3">
          <p><Outside text={made.channel.name} max={100} /> tells alerts from now on.{made.key && " It signs what it sends with this key (Standard Webhooks). Copy it now: it is shown this once."}</p>
          {made.key && <Command text={made.key} />}
          <div><Button onClick={() => setMade(null)}>I have it</Button></div>
        </div>
      )}
      {all.isPending && <Loading what="the channels" />}
      {all.error && !all.data && <Failure error={all.error} retry={() => void all.refetch()} />}
      {all.data && list.length === 0 && <Empty icon="bell" title="Alerts are told nowhere.">Add a webhook, a chat, a mail server or a syslog receiver.</Empty>}
      {list.length > 0 && (
        <WideTable
          width="min-w-[52rem]"
          head={
            <>
              <th scope="col" className="w-16 py-2 pl-3.5">On</th>
              <th scope="col" className="px-2">Channel</th>
              <th scope="col" className="w-72 px-2">To</th>
              <th scope="col" className="w-52 px-2">Which alerts</th>
              <th scope="col" className="w-80 pr-3.5 pl-2"><span className="sr-only">Actions</span></th>
            </>
          }
        >
          {list.map((one) => <Row key={one.id} one={one} change={change} />)}
        </WideTable>
      )}
      <NewChannelForm
        open={adding}
        busy={change.isPending}
        error={change.error}
        close={() => { setAdding(false); change.reset(); }}
        submit={(channel) => change.mutate({ kind: "add", channel }, { onSuccess: (answer) => { setAdding(false); setMade(answer ?? null); } })}
      />
    </Panel>
  );
}

function Row({ one, change }: { one: Channel; change: Change }) {
  const test = useChannelTest(one.id);
  const edit = useChannelChange();
  const [sure, setSure] = useState(false);
  const [changing, setChanging] = useState(false);
  const { settings } = one;
  return (
    <tr className="align-top">
      <td className="py-2.5 pl-3.5">
        <input type="checkbox" role="switch" aria-label={`${one.name.slice(0, 80)} is on`} checked={one.enabled} disabled={change.isPending} onChange={(e) => change.mutate({ kind: "edit", id: one.id, edit: { enabled: e.target.checked } })} />
      </td>
      <td className="max-w-0 px-2 py-2"><span className="block truncate font-medium"><Outside text={one.name} max={100} /></span></td>
      <td className="max-w-0 px-2 py-2">
        <span className="block truncate"><Mono text={one.address} max={120} /></span>
        {settings.mail ? <span className="block truncate text-xs text-muted"><Outside text={settings.mail.to.join(", ")} max={200} /></span> : <Tag>{settings.shape ?? "json"}</Tag>}
      </td>
      <td className="px-2 py-2 text-muted">
        {settings.min_severity ? `${severityName[settings.min_severity]} and above` : "All"}
        {settings.sources && <span className="block text-xs">{settings.sources.join(", ")}</span>}
        {settings.quiet_hours && <span className="block text-xs">quiet {settings.quiet_hours.from} to {settings.quiet_hours.to} (<Outside text={settings.quiet_hours.timezone} max={40} />)</span>}
      </td>
      <td className="py-2 pr-3.5 pl-2 text-right whitespace-nowrap">
        <Button disabled={test.isPending} aria-label={`Test ${one.name.slice(0, 80)}`} onClick={() => test.mutate()}>{test.isPending ? "Sending…" : "Test"}</Button>{" "}
        <Button aria-label={`Change ${one.name.slice(0, 80)}`} onClick={() => setChanging(true)}>Change…</Button>{" "}
        {sure
          ? <><Button kind="danger" disabled={change.isPending} aria-label={`Remove ${one.name.slice(0, 80)} for good`} onClick={() => change.mutate({ kind: "remove", id: one.id })}>Remove for good</Button>{" "}<Button onClick={() => setSure(false)}>Keep</Button></>
          : <Button kind="danger" aria-label={`Remove ${one.name.slice(0, 80)}`} onClick={() => setSure(true)}>Remove…</Button>}
        <div role="status" className="mt-1 text-left text-xs whitespace-normal">
          {test.data?.delivered && <span className="text-muted"><Dot tone="good" /> The test arrived.</span>}
          {test.data && !test.data.delivered && <span className="text-bad"><Outside text={test.data.error ?? "It did not arrive."} max={400} /></span>}
          {test.error && <Failure error={test.error} />}
        </div>
        <div className="text-left whitespace-normal">
          <ChangeChannelForm
            known={one}
            open={changing}
            busy={edit.isPending}
            error={edit.error}
            close={() => { setChanging(false); edit.reset(); }}
            submit={(wanted) => edit.mutate({ kind: "edit", id: one.id, edit: wanted }, { onSuccess: () => setChanging(false) })}
          />
        </div>
      </td>
    </tr>
  );
}

const STATES = { all: "All", dead: "Given up", waiting: "Waiting", delivered: "Delivered" } as const;

function Deliveries() {
  const [state, setState] = useState<keyof typeof STATES>("all");
  const all = useQuery(deliveries(state));
  const known = useQuery(channels);
  const change = useChannelChange();
  const name = (id: number) => known.data?.channels.find((one) => one.id === id)?.name ?? `channel ${id}`;
  const dead = known.data?.dead ?? 0;
  return (
    <Panel
      title="Deliveries"
      flush
      actions={<select className="field" aria-label="Which deliveries" value={state} onChange={(e) => setState(e.target.value as keyof typeof STATES)}>{Object.entries(STATES).map(([value, label]) => <option key={value} value={value}>{label}</option>)}</select>}
    >
      {dead > 0 && <p role="status" className="border-b border-line px-3.5 py-2 text-bad">{plural(dead, "delivery", "deliveries")} {dead === 1 ? "was" : "were"} given up after the last try.</p>}
      {change.error && <div className="p-3.5"><Failure error={change.error} /></div>}
      {all.isPending && <Loading what="the deliveries" />}
      {all.error && !all.data && <Failure error={all.error} retry={() => void all.refetch()} />}
      {all.data?.length === 0 && <Empty icon="check" title="No deliveries here." />}
      {all.data && all.data.length > 0 && (
        <WideTable
          width="min-w-[48rem]"
          head={
            <>
              <th scope="col" className="w-28 py-2 pl-3.5">State</th>
              <th scope="col" className="w-40 px-2">Channel</th>
              <th scope="col" className="w-24 px-2">Alert</th>
              <th scope="col" className="w-20 px-2 text-right">Tries</th>
              <th scope="col" className="w-28 px-2">Last</th>
              <th scope="col" className="px-2">What went wrong</th>
              <th scope="col" className="w-28 pr-3.5 pl-2"><span className="sr-only">Actions</span></th>
            </>
          }
        >
          {all.data.map((one) => <DeliveryRow key={one.id} one={one} channel={name(one.channel_id)} busy={change.isPending} retry={() => change.mutate({ kind: "retry", id: one.id })} />)}
        </WideTable>
      )}
    </Panel>
  );
}

function DeliveryRow({ one, channel, busy, retry }: { one: Delivery; channel: string; busy: boolean; retry: () => void }) {
  const tone = { delivered: "good", waiting: "medium", dead: "bad" } as const;
  return (
    <tr className="align-top">
      <td className="py-2 pl-3.5 whitespace-nowrap"><Dot tone={tone[one.state] ?? "faint"} /> {STATES[one.state] ?? one.state}</td>
      <td className="max-w-0 truncate px-2 py-2"><Outside text={channel} max={100} /></td>
      <td className="px-2 py-2"><Link to="/alerts/$id" params={{ id: String(one.alert_id) }} className="num hover:underline">{one.alert_id}</Link></td>
      <td className="num px-2 py-2 text-right">{one.attempts}</td>
      <td className="px-2 py-2 text-muted"><Ago time={one.updated_at} /></td>
      <td className="px-2 py-2 text-muted">{one.last_error ? <Outside text={one.last_error} max={300} /> : "–"}</td>
      <td className="py-2 pr-3.5 pl-2 text-right">{one.state === "dead" && <Button disabled={busy} aria-label={`Try again: delivery ${one.id}`} onClick={retry}>Try again</Button>}</td>
    </tr>
  );
}
