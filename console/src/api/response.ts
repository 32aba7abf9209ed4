// Response: sources that are cut off in the host's firewall.

import { queryOptions, useMutation, useQueryClient } from "@tanstack/react-query";
import { get, request } from "./client";
import type { Attribution, Severity } from "./types";

export interface Policy {
  enabled: boolean;
  never_block: string[];
  automatic: { enabled: boolean; min_severity: Severity; seconds: number };
}

export interface ResponseStatus {
  policy: Policy;
  ready: boolean;
  reason: string | null;
  help: string | null;
  blocks: number;
  spared: { own: string[]; routers: string[]; resolvers: string[] };
  hook: boolean;
  followers: Follower[];
  last_error: string | null;
}

/** A host that carries blocks out in its own firewall. */
export interface Follower {
  host: string;
  address: string;
  last_seen: string;
  trouble: string | null;
  blocked: string[];
  spared: { address: string; why: string }[];
}

export interface Block {
  id: number;
  address: string;
  alert_id: number | null;
  reason: string;
  automatic: boolean;
  overridden: boolean;
  created_at: string;
  created_by: string;
  expires_at: string;
  ended_at: string | null;
  ended_by: string | null;
  ending: "expired" | "undone" | "cleared" | "failed" | null;
  hook: string | null;
}

export interface BlockRequest {
  address: string;
  alert_id?: number;
  seconds: number;
  reason?: string;
  override?: boolean;
}

export interface BlockPreview {
  address: string;
  seconds: number;
  expires_at: string;
  would_block: boolean;
  refusals: { code: string; message: string; help: string | null }[];
  warnings: string[];
  blocked_until: string | null;
  evidence: { alert_id: number; name: string; severity: Severity; attribution: Attribution | null } | null;
  open_connections: number;
  commands: string;
  hook: boolean;
}

export const responseStatus = queryOptions({
  queryKey: ["response"],
  queryFn: ({ signal }) => get<ResponseStatus>("/response", signal),
  refetchInterval: 15_000,
});

export const blocks = (all: boolean) =>
  queryOptions({
    queryKey: ["response", "blocks", all],
    queryFn: async ({ signal }) => (await get<{ blocks: Block[] }>(`/response/blocks?all=${all}`, signal)).blocks,
    refetchInterval: 5_000,
  });

export const blockPreview = (wanted: BlockRequest) =>
  queryOptions({
    queryKey: ["block-preview", wanted],
    queryFn: ({ signal }) => request<BlockPreview>("POST", "/response/preview", wanted, signal),
    staleTime: 0,
    retry: false,
  });

type Change =
  | { kind: "block"; wanted: BlockRequest }
  | { kind: "undo"; id: number }
  | { kind: "clear" }
  | { kind: "policy"; edit: Partial<Policy> };

export function useResponseChange() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (change: Change): Promise<unknown> => {
      switch (change.kind) {
        case "block":
          return request("POST", "/response/blocks", change.wanted);
        case "undo":
          return request("DELETE", `/response/blocks/${change.id}`);
        case "clear":
          return request("POST", "/response/clear", {});
        case "policy":
          return request("PATCH", "/response", change.edit);
      }
    },
    onSettled: () => client.invalidateQueries({ queryKey: ["response"] }),
  });
}
