// What is asked of the server, under which key the answer is kept, and how often it is asked again.

import { keepPreviousData, queryOptions, useMutation, useQueryClient } from "@tanstack/react-query";
import { ApiError, get, request } from "./client";
import type { ApiKey, KeyKind, MadeKey, MadeToken, Role, Token, User } from "./types";
import type { Alert, AlertPage, AlertPatch, Comment, Dataset, Evidence, Me, Overview, Probe, Rule, RuleRun, RuleText, SetupState, Status } from "./types";

export const session = queryOptions({
  queryKey: ["session"],
  queryFn: async ({ signal }): Promise<Me | null> => {
    try {
      return await get<Me>("/session", signal);
    } catch (error) {
      if (error instanceof ApiError && error.status === 401) return null;
      throw error;
    }
  },
  staleTime: 60_000,
});

export const setup = queryOptions({
  queryKey: ["setup"],
  queryFn: ({ signal }) => get<SetupState>("/setup", signal),
  staleTime: 0,
});

export const overview = (hours: number) =>
  queryOptions({
    queryKey: ["overview", hours],
    queryFn: ({ signal }) => get<Overview>(`/overview?hours=${hours}`, signal),
    refetchInterval: 5_000,
  });

export const status = queryOptions({
  queryKey: ["status"],
  queryFn: ({ signal }) => get<Status>("/status", signal),
  refetchInterval: 10_000,
});

/** The filters of the alert list, as they stand in the address bar. */
export interface AlertFilter {
  status?: string | undefined;
  severity?: string | undefined;
  source?: string | undefined;
  assignee?: string | undefined;
  q?: string | undefined;
  sort?: string | undefined;
  selftest?: boolean | undefined;
  /** Also those that exclusions hide. */
  excluded?: boolean | undefined;
}

/** The filter as the server's parameters. */
export function alertParameters(filter: AlertFilter): URLSearchParams {
  const query = new URLSearchParams();
  // "Open" is the console's word for what is not closed, "all" its word for no filter.
  const status = filter.status === "open" ? "new,in_progress" : filter.status === "all" ? undefined : filter.status;
  for (const [key, value] of Object.entries({ ...filter, status, selftest: undefined, excluded: undefined })) {
    if (value) query.set(key, String(value));
  }
  if (!filter.selftest) query.set("self_test", "false");
  if (filter.excluded) query.set("excluded", "show");
  return query;
}

export function alertPath(filter: AlertFilter, limit: number): string {
  const query = alertParameters(filter);
  query.set("limit", String(limit));
  return `/alerts?${query}`;
}

export const alerts = (filter: AlertFilter, limit: number) =>
  queryOptions({
    queryKey: ["alerts", filter, limit],
    queryFn: ({ signal }) => get<AlertPage>(alertPath(filter, limit), signal),
    placeholderData: keepPreviousData,
    // The live channel brings changes; this is for what it may have missed.
    refetchInterval: 60_000,
  });

export const alert = (id: number) =>
  queryOptions({ queryKey: ["alert", id], queryFn: ({ signal }) => get<Alert>(`/alerts/${id}`, signal) });

/** Most probes a page asks for; the server allows 10,000. */
export const EVIDENCE_LIMIT = 10_000;

export const evidence = (id: number) =>
  queryOptions({
    queryKey: ["evidence", id],
    queryFn: async ({ signal }) => wholeEvidence(await get<RawEvidence>(`/alerts/${id}/evidence?limit=${EVIDENCE_LIMIT}`, signal)),
  });

type RawEvidence = Omit<Evidence, "probes"> & { probes: { [Key in keyof Probe]: Probe[Key] | null }[] };

/** The store may hold nulls where a log did not say; a probe without time or address cannot be shown. */
export function wholeEvidence(raw: RawEvidence): Evidence {
  const probes = raw.probes.flatMap((probe): Probe[] => {
    const { time, source_ip, target_ip } = probe;
    if (time === null || source_ip === null || target_ip === null) return [];
    return [{
      time,
      source_ip,
      target_ip,
      source_port: probe.source_port ?? 0,
      target_port: probe.target_port ?? 0,
      protocol: probe.protocol ?? "",
      outcome: probe.outcome ?? "unanswered",
      tcp_flags: probe.tcp_flags,
      handshake_completed: probe.handshake_completed,
      count: probe.count ?? 1,
      retries: probe.retries ?? 0,
    }];
  });
  return { ...raw, probes };
}

export const assignees = queryOptions({
  queryKey: ["assignees"],
  queryFn: ({ signal }) => get<{ users: string[] }>("/assignees", signal),
  staleTime: 60_000,
});

export const datasets = queryOptions({
  queryKey: ["datasets"],
  queryFn: async ({ signal }) => (await get<{ datasets: Dataset[] }>("/datasets", signal)).datasets,
  staleTime: 60_000,
});

export const rules = queryOptions({
  queryKey: ["rules"],
  queryFn: async ({ signal }) => (await get<{ rules: Rule[] }>("/rules", signal)).rules,
  refetchInterval: 10_000,
});

export const rule = (id: number) =>
  queryOptions({ queryKey: ["rules", id], queryFn: ({ signal }) => get<Rule>(`/rules/${id}`, signal) });

export const ruleRuns = (id: number) =>
  queryOptions({
    queryKey: ["rules", id, "runs"],
    queryFn: async ({ signal }) => (await get<{ runs: RuleRun[] }>(`/rules/${id}/runs?limit=20`, signal)).runs,
    refetchInterval: 10_000,
  });

/** Changes of a rule: its text, whether it runs, back to what it was, away with it. */
export function useRuleChange() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (change: RuleChange) => {
      switch (change.kind) {
        case "add":
          return request<Rule>("POST", "/rules", { rule: change.rule });
        case "edit":
          return request<Rule>("PATCH", `/rules/${change.id}`, { rule: change.rule });
        case "switch":
          return request<Rule>("PATCH", `/rules/${change.id}`, { enabled: change.enabled });
        case "restore":
          return request<Rule>("POST", `/rules/${change.id}/restore`, {});
        case "remove":
          return request<undefined>("DELETE", `/rules/${change.id}`);
      }
    },
    // A rule that was removed must not be asked for again.
    onSuccess: (_, change) => client.invalidateQueries({ queryKey: ["rules"], exact: change.kind === "remove" }),
  });
}

export type RuleChange =
  | { kind: "add"; rule: RuleText }
  | { kind: "edit"; id: number; rule: RuleText }
  | { kind: "switch"; id: number; enabled: boolean }
  | { kind: "restore"; id: number }
  | { kind: "remove"; id: number };

export function usePatchAlert(id: number) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (patch: AlertPatch) => request<Alert>("PATCH", `/alerts/${id}`, patch),
    onSuccess: (changed) => {
      client.setQueryData(alert(id).queryKey, changed);
      void client.invalidateQueries({ queryKey: ["alerts"] });
      void client.invalidateQueries({ queryKey: ["overview"] });
    },
  });
}

export interface BulkResult {
  matched: number;
  changed: number;
  unchanged: number;
  missing: number[];
  refused: { id: number; message: string }[];
}

/** Alerts by number, or all that a filter matched when it was looked at. */
export type BulkTarget = { ids: number[] } | { filter: string; expected: number };

/** One change to many alerts. Under one key it is made once, however often it is sent. */
export function useBulk() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: ({ target, change }: { target: BulkTarget; change: AlertPatch }) =>
      request<BulkResult>("POST", "/alerts/bulk", { ...target, change }),
    onSettled: () =>
      Promise.all([client.invalidateQueries({ queryKey: ["alerts"] }), client.invalidateQueries({ queryKey: ["overview"] })]),
  });
}

export function useComment(id: number) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (text: string) => request<Comment>("POST", `/alerts/${id}/comments`, { text }),
    onSuccess: () => client.invalidateQueries({ queryKey: alert(id).queryKey }),
  });
}

export const users = queryOptions({
  queryKey: ["users"],
  queryFn: async ({ signal }) => (await get<{ users: User[] }>("/users", signal)).users,
});

export const apiKeys = queryOptions({
  queryKey: ["api-keys"],
  queryFn: async ({ signal }) => (await get<{ api_keys: ApiKey[] }>("/api-keys", signal)).api_keys,
});

/** The first 500; `vedette tokens list` has them all. */
export const tokens = queryOptions({
  queryKey: ["tokens"],
  queryFn: async ({ signal }) => (await get<{ tokens: Token[] }>("/tokens?limit=500", signal)).tokens,
});

/** Makes and ends tokens. Making one answers with it. */
export function useTokenChange() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (change: { kind: "add"; name: string; role: Role } | { kind: "revoke"; id: number }): Promise<MadeToken | undefined> =>
      change.kind === "add" ? request<MadeToken>("POST", "/tokens", { name: change.name, role: change.role }) : request<undefined>("DELETE", `/tokens/${change.id}`),
    onSettled: () => client.invalidateQueries({ queryKey: ["tokens"] }),
  });
}

type AccessChange =
  | { kind: "addUser"; username: string; password: string; role: Role }
  | { kind: "editUser"; username: string; edit: { role?: Role; disabled?: boolean } }
  | { kind: "addKey"; name: string; key: KeyKind; role: Role }
  | { kind: "rotateKey"; id: number }
  | { kind: "revokeKey"; id: number };

/** Changes of who gets in. Making and rotating a key answer with it. */
export function useAccessChange() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: async (change: AccessChange): Promise<MadeKey | undefined> => {
      switch (change.kind) {
        case "addUser":
          await request<User>("POST", "/users", { username: change.username, password: change.password, role: change.role });
          return undefined;
        case "editUser":
          await request<User>("PATCH", `/users/${encodeURIComponent(change.username)}`, change.edit);
          return undefined;
        case "addKey":
          return request<MadeKey>("POST", "/api-keys", { name: change.name, kind: change.key, role: change.role });
        case "rotateKey":
          return request<MadeKey>("POST", `/api-keys/${change.id}/rotate`, {});
        case "revokeKey":
          return request<undefined>("DELETE", `/api-keys/${change.id}`);
      }
    },
    onSettled: () => Promise.all([client.invalidateQueries({ queryKey: ["users"] }), client.invalidateQueries({ queryKey: ["api-keys"] })]),
  });
}
