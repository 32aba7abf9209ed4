// Exclusions: alerts that nobody needs to see.

import { queryOptions, useMutation, useQueryClient } from "@tanstack/react-query";
import { get, request } from "./client";
import type { AlertSummary, Severity } from "./types";

/** All that are given must hold. */
export interface Conditions {
  raised_by?: AlertSummary["source"][];
  rule_id?: number;
  name?: string;
  category?: string;
  sources?: string[];
  targets?: string[];
  hosts?: string[];
  scan_types?: string[];
  ports?: string;
  severity_at_most?: Severity;
}

export interface Exclusion {
  id: number;
  conditions: Conditions;
  reason: string;
  alert_id: number | null;
  in_force: boolean;
  created_at: string;
  created_by: string;
  expires_at: string;
  hits: number;
  last_hit_at: string | null;
  hidden: number;
  removed_at: string | null;
  removed_by: string | null;
}

export interface ExclusionPreview {
  days: number;
  looked_at: number;
  matched: number;
  open: number;
  true_positives: number;
  cut: boolean;
  everything: boolean;
  wide: boolean;
  why_wide: string | null;
  examples: AlertSummary[];
}

export const exclusions = (all: boolean) =>
  queryOptions({
    queryKey: ["exclusions", all],
    queryFn: ({ signal }) => get<{ exclusions: Exclusion[]; hidden: number }>(`/exclusions?all=${all}`, signal),
    refetchInterval: 30_000,
  });

/** Where an exclusion made from an alert begins. */
export const suggestion = (alert: number) =>
  queryOptions({ queryKey: ["exclusion-of", alert], queryFn: ({ signal }) => get<Conditions>(`/alerts/${alert}/exclusion`, signal), staleTime: 0 });

export const exclusionPreview = (conditions: Conditions, days: number) =>
  queryOptions({
    queryKey: ["exclusion-preview", conditions, days],
    queryFn: ({ signal }) => request<ExclusionPreview>("POST", "/exclusions/preview", { conditions, days }, signal),
    staleTime: 0,
    retry: false,
  });

export interface NewExclusion {
  conditions: Conditions;
  reason: string;
  expires_in_days: number;
  alert_id?: number;
  stored_days?: number;
  wide?: boolean;
}

type Change = { kind: "add"; exclusion: NewExclusion } | { kind: "remove"; id: number; show: boolean };

export function useExclusionChange() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (change: Change): Promise<unknown> =>
      change.kind === "add"
        ? request<Exclusion>("POST", "/exclusions", change.exclusion)
        : request<{ shown: number }>("DELETE", `/exclusions/${change.id}?show=${change.show}`),
    onSuccess: () =>
      Promise.all(["exclusions", "alerts", "alert", "overview", "status"].map((key) => client.invalidateQueries({ queryKey: [key] }))),
  });
}

/** Conditions as a sentence's parts: `sources 10.0.0.9`. */
export function conditionWords(conditions: Conditions): string[] {
  return Object.entries(conditions).map(([name, value]) => `${name.replaceAll("_", " ")} ${Array.isArray(value) ? value.join(", ") : String(value)}`);
}
