// The one-time set-up: the link that `vedette up` prints makes the first administrator.

import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Link, useNavigate } from "@tanstack/react-router";
import { type FormEvent, useEffect, useState } from "react";
import { request } from "@/api/client";
import { setup } from "@/api/queries";
import type { Me } from "@/api/types";
import { Button, Failure, Loading } from "@/ui/parts";
import { Command, Stamp } from "@/ui/text";
import { Door, TextField } from "./door";

const MIN_PASSWORD = 12;

/** The token of `/setup#token=…` (it stays out of every log) or `/setup?token=…`. */
export function tokenOf(hash: string, search: string): string {
  return new URLSearchParams(hash.replace(/^#/, "")).get("token") ?? new URLSearchParams(search).get("token") ?? "";
}

export function SetupPage() {
  const state = useQuery(setup);
  const [token] = useState(() => tokenOf(window.location.hash, window.location.search));
  // The token must not stay in the history or on a shared screen.
  useEffect(() => {
    if (token) window.history.replaceState(window.history.state, "", "/setup");
  }, [token]);

  if (state.isPending) return <Door title="Set up" lead=""><Loading what="the set-up" /></Door>;
  if (state.error) return <Door title="Set up" lead=""><Failure error={state.error} retry={() => void state.refetch()} /></Door>;
  if (!state.data.required) {
    return (
      <Door title="Already set up" lead="The first administrator exists; a set-up link works only once.">
        <Link to="/signin" className="text-accent underline">Sign in</Link>
      </Door>
    );
  }
  if (!token) {
    return (
      <Door title="Open the set-up link" lead="This Vedette has no administrator yet. Whoever started it was shown a link that works once.">
        <p>To see the link again, on the server:</p>
        <Command text="vedette up" />
      </Door>
    );
  }
  return <SetupForm token={token} expires={state.data.expires_at} />;
}

function SetupForm({ token, expires }: { token: string; expires: string | null }) {
  const client = useQueryClient();
  const navigate = useNavigate();
  const [username, setUsername] = useState("");
  const [password, setPassword] = useState("");
  const [again, setAgain] = useState("");
  const create = useMutation({
    mutationFn: () => request<Me>("POST", "/setup", { token, username: username.trim().toLowerCase(), password }),
    onSuccess: (me) => {
      client.setQueryData(["session"], me);
      client.removeQueries({ queryKey: ["setup"] });
      void navigate({ to: "/" });
    },
  });
  const problem = problemOf(password, again);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (!problem) create.mutate();
  };
  return (
    <Door title="Create the first administrator" lead={<>This link works once{expires && <>, until <Stamp time={expires} /></>}.</>}>
      <form onSubmit={submit} className="space-y-3.5">
        <TextField label="User name" hint="Small letters, digits and . _ @ -" autoComplete="username" autoFocus required maxLength={64} pattern="[A-Za-z0-9._@\-]+" autoCapitalize="none" spellCheck={false} value={username} onChange={(e) => setUsername(e.target.value)} />
        <TextField label="Password" hint={`At least ${MIN_PASSWORD} characters. A sentence is easier to keep than symbols.`} type="password" autoComplete="new-password" required value={password} onChange={(e) => setPassword(e.target.value)} />
        <TextField label="Password again" type="password" autoComplete="new-password" required value={again} onChange={(e) => setAgain(e.target.value)} />
        {problem && again && <p role="alert" className="text-bad">{problem}</p>}
        {create.error && <Failure error={create.error} />}
        <Button type="submit" kind="primary" className="w-full" disabled={create.isPending || !!problem || !username}>
          {create.isPending ? "Creating…" : "Create and sign in"}
        </Button>
      </form>
    </Door>
  );
}

function problemOf(password: string, again: string): string | null {
  if ([...password].length < MIN_PASSWORD) return `The password has ${[...password].length} of at least ${MIN_PASSWORD} characters.`;
  return password === again ? null : "The two passwords differ.";
}
