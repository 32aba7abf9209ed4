// Files of parsing and modelling rules.

import { queryOptions, useMutation, useQueryClient } from "@tanstack/react-query";
import { get, Plain, request } from "./client";

export interface RuleFile {
  name: string;
  bytes: number;
  models: string[];
  ingests: string[];
  rules: string[];
}

export const ruleFiles = queryOptions({
  queryKey: ["models"],
  queryFn: async ({ signal }) => (await get<{ files: RuleFile[] }>("/models", signal)).files,
});

export const ruleFile = (name: string) =>
  queryOptions({
    queryKey: ["models", name],
    queryFn: async ({ signal }) => (await get<{ text: string }>(`/models/${encodeURIComponent(name)}`, signal)).text,
    staleTime: 0,
  });

type Change = { kind: "check" | "keep"; name: string; text: string } | { kind: "remove"; name: string };

export function useRuleFileChange() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (change: Change): Promise<RuleFile | undefined> => {
      const path = `/models/${encodeURIComponent(change.name)}`;
      switch (change.kind) {
        case "check":
          return request("POST", `${path}/check`, new Plain(change.text));
        case "keep":
          return request("PUT", path, new Plain(change.text));
        case "remove":
          return request("DELETE", path);
      }
    },
    onSuccess: (_, change) => (change.kind === "check" ? undefined : client.invalidateQueries({ queryKey: ["models"] })),
  });
}
