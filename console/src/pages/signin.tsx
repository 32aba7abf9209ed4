import { useMutation, useQueryClient } from "@tanstack/react-query";
import { getRouteApi, useRouter } from "@tanstack/react-router";
import { type FormEvent, useState } from "react";
import { request } from "@/api/client";
import type { Me } from "@/api/types";
import { Button, Failure } from "@/ui/parts";
import { Door, TextField } from "./door";

const route = getRouteApi("/signin");

export function SignInPage() {
  const client = useQueryClient();
  const router = useRouter();
  const { next } = route.useSearch();
  const [username, setUsername] = useState("");
  const [password, setPassword] = useState("");
  const signIn = useMutation({
    mutationFn: () => request<Me>("POST", "/session", { username: username.trim(), password }),
    onSuccess: (me) => {
      client.setQueryData(["session"], me);
      router.history.push(next ?? "/");
    },
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    signIn.mutate();
  };
  return (
    <Door title="Sign in" lead="Use your Vedette account.">
      <form onSubmit={submit} className="space-y-3.5">
        <TextField label="User name" autoComplete="username" autoFocus required maxLength={64} autoCapitalize="none" spellCheck={false} value={username} onChange={(e) => setUsername(e.target.value)} />
        <TextField label="Password" type="password" autoComplete="current-password" required value={password} onChange={(e) => setPassword(e.target.value)} />
        {signIn.error && <Failure error={signIn.error} />}
        <Button type="submit" kind="primary" className="w-full" disabled={signIn.isPending}>
          {signIn.isPending ? "Signing in…" : "Sign in"}
        </Button>
      </form>
    </Door>
  );
}
