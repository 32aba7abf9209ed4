// Who gets in: users, tokens and API keys of programs. For administrators.

import { useQuery } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { apiKeys, session, useAccessChange, users } from "@/api/queries";
import type { ApiKey, KeyKind, MadeKey, Role, User } from "@/api/types";
import { Button, Empty, Failure, Loading, PageHead, Panel, Tag, WideTable } from "@/ui/parts";
import { Ago, Command, Outside } from "@/ui/text";
import { RoleChoice } from "./role";
import { Tokens } from "./tokens";

export function AccessPage() {
  const me = useQuery(session);
  if (me.data && me.data.role !== "administrator") {
    return <Panel flush><Empty icon="user" title="Users and keys are for administrators.">Ask one of them for another role.</Empty></Panel>;
  }
  return (
    <>
      <PageHead title="Access" />
      <div className="space-y-3.5">
        <Users me={me.data?.username ?? ""} />
        <Tokens />
        <Keys />
      </div>
    </>
  );
}

function Users({ me }: { me: string }) {
  const all = useQuery(users);
  const change = useAccessChange();
  const [name, setName] = useState("");
  const [password, setPassword] = useState("");
  const [role, setRole] = useState<Role>("viewer");
  const add = (event: FormEvent) => {
    event.preventDefault();
    change.mutate({ kind: "addUser", username: name, password, role }, { onSuccess: () => { setName(""); setPassword(""); } });
  };
  return (
    <Panel title="Users" flush>
      {change.error && <div className="p-3.5"><Failure error={change.error} /></div>}
      {all.isPending && <Loading what="the users" />}
      {all.error && !all.data && <Failure error={all.error} retry={() => void all.refetch()} />}
      <WideTable
        width="min-w-[40rem]"
        head={
          <>
            <th scope="col" className="py-2 pl-3.5">User</th>
            <th scope="col" className="w-44 px-2">Role</th>
            <th scope="col" className="w-40 px-2">Last sign-in</th>
            <th scope="col" className="w-56 pr-3.5 pl-2"><span className="sr-only">Actions</span></th>
          </>
        }
      >
        {all.data?.map((user) => <UserRow key={user.username} user={user} own={user.username === me} change={change} />)}
      </WideTable>
      <form onSubmit={add} className="flex flex-wrap items-end gap-2 border-t border-line p-3.5">
        <label className="block text-xs text-muted">User name<input className="field mt-1 block" required autoComplete="off" value={name} onChange={(e) => setName(e.target.value)} /></label>
        <label className="block text-xs text-muted">Password, 12 characters or more<input className="field mt-1 block" type="password" required minLength={12} autoComplete="new-password" value={password} onChange={(e) => setPassword(e.target.value)} /></label>
        <RoleChoice label="Role of the new user" value={role} onChange={setRole} />
        <Button type="submit" kind="primary" disabled={change.isPending}>Add user</Button>
      </form>
    </Panel>
  );
}

type Change = ReturnType<typeof useAccessChange>;

function UserRow({ user, own, change }: { user: User; own: boolean; change: Change }) {
  const { username } = user;
  return (
    <tr>
      <td className="max-w-0 truncate py-2 pl-3.5"><Outside text={username} max={64} /> {user.disabled && <Tag>disabled</Tag>}</td>
      <td className="px-2"><RoleChoice label={`Role of ${username}`} value={user.role} disabled={own || change.isPending} onChange={(role) => change.mutate({ kind: "editUser", username, edit: { role } })} /></td>
      <td className="px-2 text-muted">{user.last_sign_in ? <Ago time={user.last_sign_in} /> : "never"}</td>
      <td className="pr-3.5 pl-2 text-right">
        {!own && <Button disabled={change.isPending} aria-label={`${user.disabled ? "Enable" : "Disable"} ${username}`} onClick={() => change.mutate({ kind: "editUser", username, edit: { disabled: !user.disabled } })}>{user.disabled ? "Enable" : "Disable"}</Button>}
      </td>
    </tr>
  );
}

function Keys() {
  const all = useQuery(apiKeys);
  const change = useAccessChange();
  const [name, setName] = useState("");
  const [kind, setKind] = useState<KeyKind>("advanced");
  const [role, setRole] = useState<Role>("viewer");
  const [made, setMade] = useState<MadeKey | null>(null);
  const show = { onSuccess: (answer: unknown) => setMade((answer as MadeKey | undefined) ?? null) };
  const add = (event: FormEvent) => {
    event.preventDefault();
    change.mutate({ kind: "addKey", name, key: kind, role }, { onSuccess: (answer) => { show.onSuccess(answer); setName(""); } });
  };
  return (
    <Panel title="API keys" flush>
      <p className="px-3.5 pt-3 text-muted">For clients of the Cortex API. A standard key is sent as it is; of an advanced one a hash over key, nonce and time.</p>
      {change.error && <div className="p-3.5"><Failure error={change.error} /></div>}
      {made && (
        <div role="status" className="m-3.5 space-y-1.5 rounded-md border border-line-strong p-3">
          <p>Key {made.api_key.id} (<Outside text={made.api_key.name} max={100} />). Copy it now: it is shown this once.</p>
          <Command text={made.key} />
          <div><Button onClick={() => setMade(null)}>I have it</Button></div>
        </div>
      )}
      {all.isPending && <Loading what="the keys" />}
      {all.error && !all.data && <Failure error={all.error} retry={() => void all.refetch()} />}
      {all.data?.length === 0 && <Empty icon="user" title="There are no keys." />}
      {all.data && all.data.length > 0 && (
        <WideTable
          width="min-w-[44rem]"
          head={
            <>
              <th scope="col" className="w-16 py-2 pl-3.5">Number</th>
              <th scope="col" className="px-2">For</th>
              <th scope="col" className="w-28 px-2">Kind</th>
              <th scope="col" className="w-32 px-2">Role</th>
              <th scope="col" className="w-36 px-2">Last used</th>
              <th scope="col" className="w-48 pr-3.5 pl-2"><span className="sr-only">Actions</span></th>
            </>
          }
        >
          {all.data.map((key) => <KeyRow key={key.id} one={key} busy={change.isPending} rotate={() => change.mutate({ kind: "rotateKey", id: key.id }, show)} revoke={() => change.mutate({ kind: "revokeKey", id: key.id })} />)}
        </WideTable>
      )}
      <form onSubmit={add} className="flex flex-wrap items-end gap-2 border-t border-line p-3.5">
        <label className="block text-xs text-muted">What the key is for<input className="field mt-1 block" required maxLength={100} autoComplete="off" value={name} onChange={(e) => setName(e.target.value)} /></label>
        <select className="field" aria-label="Kind of the new key" value={kind} onChange={(e) => setKind(e.target.value as KeyKind)}>
          <option value="advanced">advanced</option>
          <option value="standard">standard</option>
        </select>
        <RoleChoice label="Role of the new key" value={role} onChange={setRole} />
        <Button type="submit" kind="primary" disabled={change.isPending}>Make key</Button>
      </form>
    </Panel>
  );
}

function KeyRow({ one, busy, rotate, revoke }: { one: ApiKey; busy: boolean; rotate: () => void; revoke: () => void }) {
  return (
    <tr>
      <td className="num py-2 pl-3.5">{one.id}</td>
      <td className="max-w-0 truncate px-2"><Outside text={one.name} max={100} /></td>
      <td className="px-2 text-muted">{one.kind}</td>
      <td className="px-2 text-muted">{one.role}</td>
      <td className="px-2 text-muted">{one.last_used ? <Ago time={one.last_used} /> : "never"}</td>
      <td className="pr-3.5 pl-2 text-right whitespace-nowrap">
        <Button disabled={busy} aria-label={`Rotate key ${one.id}`} onClick={rotate}>Rotate</Button>{" "}
        <Button kind="danger" disabled={busy} aria-label={`Revoke key ${one.id}`} onClick={revoke}>Revoke</Button>
      </td>
    </tr>
  );
}
