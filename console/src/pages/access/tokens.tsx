// Tokens of programs that use Vedette's own API.

import { useQuery } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { tokens, useTokenChange } from "@/api/queries";
import type { Role, Token } from "@/api/types";
import { Button, Empty, Failure, Loading, Panel, WideTable } from "@/ui/parts";
import { Ago, Command, Outside } from "@/ui/text";
import { RoleChoice } from "./role";

export function Tokens() {
  const all = useQuery(tokens);
  const change = useTokenChange();
  const [name, setName] = useState("");
  const [role, setRole] = useState<Role>("viewer");
  const [made, setMade] = useState<string | null>(null);
  const add = (event: FormEvent) => {
    event.preventDefault();
    change.mutate({ kind: "add", name, role }, { onSuccess: (answer) => { setMade(answer?.token ?? null); setName(""); } });
  };
  return (
    <Panel title="Tokens" flush>
      <p className="px-3.5 pt-3 text-muted">For programs that use Vedette's own API, the command line on another host, and hosts that carry out blocks.</p>
      {change.error && <div className="p-3.5"><Failure error={change.error} /></div>}
      {made && (
        <div role="status" className="m-3.5 space-y-1.5 rounded-md border border-line-strong p-3">
          <p>Copy the token now: it is shown this once.</p>
          <Command text={made} />
          <div><Button onClick={() => setMade(null)}>I have it</Button></div>
        </div>
      )}
      {all.isPending && <Loading what="the tokens" />}
      {all.error && !all.data && <Failure error={all.error} retry={() => void all.refetch()} />}
      {all.data?.length === 0 && <Empty icon="user" title="There are no tokens." />}
      {all.data && all.data.length > 0 && (
        <WideTable
          width="min-w-[40rem]"
          head={
            <>
              <th scope="col" className="w-16 py-2 pl-3.5">Number</th>
              <th scope="col" className="px-2">For</th>
              <th scope="col" className="w-32 px-2">Role</th>
              <th scope="col" className="w-36 px-2">Last used</th>
              <th scope="col" className="w-32 pr-3.5 pl-2"><span className="sr-only">Actions</span></th>
            </>
          }
        >
          {all.data.map((one) => <TokenRow key={one.id} one={one} busy={change.isPending} revoke={() => change.mutate({ kind: "revoke", id: one.id })} />)}
        </WideTable>
      )}
      <form onSubmit={add} className="flex flex-wrap items-end gap-2 border-t border-line p-3.5">
        <label className="block text-xs text-muted">What the token is for<input className="field mt-1 block" required maxLength={100} autoComplete="off" value={name} onChange={(e) => setName(e.target.value)} /></label>
        <RoleChoice label="Role of the new token" value={role} onChange={setRole} />
        <Button type="submit" kind="primary" disabled={change.isPending}>Make token</Button>
      </form>
    </Panel>
  );
}

function TokenRow({ one, busy, revoke }: { one: Token; busy: boolean; revoke: () => void }) {
  return (
    <tr>
      <td className="num py-2 pl-3.5">{one.id}</td>
      <td className="max-w-0 truncate px-2"><Outside text={one.name} max={100} /></td>
      <td className="px-2 text-muted">{one.role}</td>
      <td className="px-2 text-muted">{one.last_used ? <Ago time={one.last_used} /> : "never"}</td>
      <td className="pr-3.5 pl-2 text-right"><Button kind="danger" disabled={busy} aria-label={`Revoke token ${one.id}`} onClick={revoke}>Revoke</Button></td>
    </tr>
  );
}
